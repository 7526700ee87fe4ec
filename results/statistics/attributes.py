"""What leaks, in words: how often reconstructions show the true value of each known attribute."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from results.statistics.configurations import Row
from results.statistics.intervals import Interval
from results.statistics.tallies import Tally, worst_interval


@dataclass(frozen=True)
class AttributeLeak:
    """One attribute in the reconstructions of one attack; shares are fractions."""

    attribute: str
    share: float
    """Of the reconstructions, those that show the person's value; a row without a picture does not."""
    interval: Interval | None
    """95 % over classes, seeds pooled within their class."""
    guess: float
    """What naming the commonest public value each time would reach on the same classes."""
    evaluator_acc: float
    """Of real private test pictures, those on which the evaluator reads the right value."""

    @property
    def leaks(self) -> bool:
        """The whole interval lies above what guessing reaches."""
        return self.interval is not None and self.interval[0] > self.guess


def attribute_leaks(attacks: Sequence[Row], reconstructions: pa.Table) -> list[AttributeLeak]:
    """Return each attribute, the one that gains most over guessing first.

    ``attacks`` are rows of one kind of attack on one configuration, a row for each seed; ``reconstructions``
    hold at least their rows. Empty where the evaluator reads no attributes.
    """
    checked = {
        row["attack_id"]: json.loads(row["attribute_checks"]) for row in attacks if row["attribute_checks"]
    }
    if not checked:
        return []
    counted = _tallies(reconstructions, checked)
    means = next(iter(checked.values()))
    leaks = [
        AttributeLeak(
            name,
            sum(tally.hits.values()) / sum(tally.judged.values()),
            worst_interval([tally]),
            values["guess"],
            values["evaluator_acc"],
        )
        for name, values in means.items()
        if (tally := counted[name]).judged
    ]
    return sorted(leaks, key=lambda leak: (leak.guess - leak.share, leak.attribute))


def _tallies(reconstructions: pa.Table, attacks: Mapping[str, object]) -> dict[str, Tally]:
    """Return by attribute how often each class was shown with its value, all ``attacks`` pooled."""
    names = {name for checks in attacks.values() if isinstance(checks, dict) for name in checks}
    result: dict[str, Tally] = defaultdict(Tally)
    columns = (reconstructions[name].to_pylist() for name in ("attack_id", "class_index", "attributes"))
    for attack_id, index, text in zip(*columns, strict=True):
        if attack_id not in attacks:
            continue
        values = json.loads(text) if text else {}
        for name in names:
            result[name].judged[index] += 1
            result[name].hits[index] += name in values and values[name][0] == values[name][1]
    return result
