"""AttAcc of one attack from its reconstructions alone: our way, and the published ways by name.

The supplement of TL-DMI prints a top-1 over all rows, but a top-5 of the last seed alone, and as spread the
mean over groups of 60 identities of the sample standard deviation over seeds.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from results.statistics.intervals import Floats
from results.statistics.tallies import mark_recognised

Hits = NDArray[np.bool_]
"""(classes, restarts): whether a reconstruction counts as a success; classes in their order."""

IDENTITY_GROUP = 60
"""Identities attacked together in the published code."""


class NotOneAttack(ValueError):
    """Rows that are not the reconstructions of one attack, each class with the same restarts."""


class AttackAccuracy(NamedTuple):
    """Shares in [0, 1]; a spread is nothing when there is one restart only."""

    top1: float
    top1_spread: float | None
    top5: float
    top5_spread: float | None


def attack_accuracy(
    reconstructions: pa.Table,
    attack_id: str,
    *,
    top5: Literal["all", "legacy_last_seed"] = "all",
    spread: Literal["restarts", "identity_groups"] = "restarts",
) -> AttackAccuracy:
    """Return AttAcc of one attack by the headline evaluator, from the ``reconstructions`` table.

    ``top5="legacy_last_seed"`` takes the last restart alone, as the published numbers do; ``spread`` is the
    sample standard deviation over restarts of the rate of all classes, or ``identity_groups``: of each group
    of 60, then the mean over groups, as printed. Raises `NotOneAttack`.
    """
    first, five = (attack_hits(reconstructions, attack_id, most) for most in (1, 5))
    deviation = restart_sd if spread == "restarts" else identity_group_sd
    shown = five if top5 == "all" else five[:, -1:]
    return AttackAccuracy(float(first.mean()), deviation(first), float(shown.mean()), deviation(five))


def attack_hits(reconstructions: pa.Table, attack_id: str, most: int = 1) -> Hits:
    """Return for each class and restart whether the attacked class is among the evaluator's first ``most``.

    Rows that were not found are failures. Raises `NotOneAttack`.
    """
    rows = reconstructions.filter(pc.equal(reconstructions["attack_id"], attack_id))
    rows = rows.sort_by([("class_index", "ascending"), ("restart", "ascending")])
    classes, restarts = (len(pc.unique(rows[name])) for name in ("class_index", "restart"))
    same = rows["restart"].to_pylist() == sorted(set(rows["restart"].to_pylist())) * classes
    if not len(rows) or not same:
        raise NotOneAttack(
            f"attack {attack_id}: {len(rows)} reconstructions of {classes} classes and {restarts} restarts; "
            "each class must have every restart once"
        )
    hits = mark_recognised(rows, most).to_numpy(zero_copy_only=False)
    return np.asarray(hits, dtype=np.bool_).reshape(classes, restarts)


def restart_sd(hits: Hits) -> float | None:
    """Return the sample standard deviation, over restarts, of the rate of all classes."""
    return float(np.std(hits.mean(axis=0), ddof=1)) if hits.shape[1] > 1 else None


def identity_group_sd(hits: Hits, group: int = IDENTITY_GROUP) -> float | None:
    """Return the mean, over groups of ``group`` classes, of the sample deviation over restarts of their rate.

    It measures the noise of seeds at 60 identities; not at all of them, and not over classes.
    """
    if hits.shape[1] < 2:
        return None
    parts = [hits[start : start + group] for start in range(0, len(hits), group)]
    return float(np.mean([np.std(part.mean(axis=0), ddof=1) for part in parts]))


def over_runs(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and sample standard deviation over runs with re-trained T, as tables 3 to 5 print them.

    >>> mean, sd = over_runs([51.67, 49.67, 53.60])
    >>> round(mean, 2), round(sd, 2)
    (51.65, 1.97)
    """
    array: Floats = np.asarray(values, dtype=np.float64)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None


def averaged_runs(runs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean of the values and the mean of their spreads, the column "Average" of table 7.

    >>> value, spread = averaged_runs([(51.67, 3.93), (49.67, 4.86), (53.60, 4.06)])
    >>> round(value, 2), round(spread, 2)
    (51.65, 4.28)
    """
    values, spreads = zip(*runs, strict=True)
    return float(np.mean(values)), float(np.mean(spreads))
