"""Paired comparisons against loops over pairs, and what is no pair."""

import math
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from results import NotComparable, load, open_store
from results.reader import SweepResults
from results.statistics.comparison import SignTest
from results.statistics.tallies import Tally, worst_difference
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6, "brepmi": 0.5}, seeds=(0, 1))
TL_DMI = FakeConfig("tl_dmi", 0.9, {"gmi": 0.3, "brepmi": 0.2}, 6, seeds=(0, 1))


def results_of(folder: Path, *configs: FakeConfig, **changes: Any) -> SweepResults:
    store = open_store(str(folder / "runs"), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False, **changes))
    return load(store.uri)


def hits(
    results: SweepResults, config: FakeConfig, seed: int, kind: str = "gmi"
) -> dict[tuple[int, int], int]:
    """Return the successes of one attack by (class, restart)."""
    frame = results.reconstructions
    rows = frame[frame["attack_id"] == f"a-{kind}-{config.config_id}-{seed}"]
    return {(row.class_index, row.restart): int(row.rank == 0) for row in rows.itertuples()}


def test_differences_are_means_over_pairs(tmp_path: Path) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI)
    found = results.compare("tl_dmi")
    assert found.first.defense == "tl_dmi"
    assert found.second.is_anchor
    assert found.seeds == (0, 1)
    assert found.acc_difference == pytest.approx(-0.05)
    assert [one.attack for one in found.attacks] == sorted(NO_DEF.att)
    for one in found.attacks:
        per_class: dict[int, list[int]] = {}
        for seed in (0, 1):
            ours, theirs = (hits(results, config, seed, one.attack) for config in (TL_DMI, NO_DEF))
            for (index, restart), hit in ours.items():
                per_class.setdefault(index, []).append(hit - theirs[index, restart])
        gaps = [sum(values) / len(values) for values in per_class.values()]
        assert one.pairs == 2 * 20 * 2
        assert one.difference.value == pytest.approx(math.fsum(gaps) / 20)
        assert one.signs == (sum(gap < 0 for gap in gaps), sum(gap > 0 for gap in gaps), gaps.count(0))
        assert one.difference.low < one.difference.value < one.difference.high


def test_the_interval_is_that_of_the_main_table(tmp_path: Path) -> None:
    """The same resamples: the report must not show two intervals for one difference."""
    results = results_of(tmp_path, NO_DEF, TL_DMI)
    by_kind = {one.attack: one.difference for one in results.compare("tl_dmi").attacks}
    configuration = next(one for one in results.summary().configurations if one.defense == "tl_dmi")
    for kind, attack in configuration.attacks.items():
        assert attack.difference == pytest.approx(tuple(by_kind[kind]))


def test_turning_a_comparison_round_turns_its_signs(tmp_path: Path) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI)
    there, back = results.compare("tl_dmi", "no_def"), results.compare("no_def", "tl_dmi")
    for one, other in zip(there.attacks, back.attacks, strict=True):
        assert one.difference.value == pytest.approx(-other.difference.value)
        assert (one.signs.lower, one.signs.higher) == (other.signs.higher, other.signs.lower)
        assert one.signs.p_value == other.signs.p_value


def test_only_shared_seeds_are_compared(tmp_path: Path) -> None:
    one_seed = FakeConfig("tl_dmi", 0.9, {"gmi": 0.3}, 6, seeds=(1, 2))
    results = results_of(tmp_path, NO_DEF, one_seed)
    found = results.compare("tl_dmi")
    assert found.seeds == (1,)
    (gmi,) = found.attacks
    assert gmi.pairs == 20 * 2
    ours, theirs = hits(results, one_seed, 1), hits(results, NO_DEF, 1)
    assert gmi.difference.value == pytest.approx(sum(ours[cell] - theirs[cell] for cell in ours) / 40)
    assert found.acc_difference == pytest.approx(0.91 - 0.96)


def test_without_a_shared_seed_classes_alone_are_paired(tmp_path: Path) -> None:
    other_seed = FakeConfig("tl_dmi", 0.9, {"gmi": 0.3}, 6, seeds=(7,))
    results = results_of(tmp_path, NO_DEF, other_seed)
    found = results.compare("tl_dmi")
    assert found.seeds == ()
    (gmi,) = found.attacks
    assert gmi.pairs == 0
    tally = [Tally() for _ in range(2)]
    for side, (config, seeds) in enumerate(((other_seed, (7,)), (NO_DEF, (0, 1)))):
        for seed in seeds:
            for (index, _), hit in hits(results, config, seed).items():
                tally[side].hits[index] += hit
                tally[side].judged[index] += 1
    assert gmi.difference == pytest.approx(worst_difference(tally[:1], tally[1:]))


def test_controls_are_compared_by_their_config_id(tmp_path: Path) -> None:
    results = results_of(tmp_path, *helping_configs())
    control = helping_configs()[-1]
    found = load(results.store.uri).compare(control.config_id)
    assert found.first.control == "permuted_labels"
    assert found.attacks[0].difference.lower


@pytest.mark.parametrize(("lower", "higher"), [(0, 0), (1, 0), (9, 1), (5, 5), (3, 17), (0, 40)])
def test_the_sign_test_is_the_exact_binomial_one(lower: int, higher: int) -> None:
    count = lower + higher
    expected = binomtest(lower, count).pvalue if count else 1.0
    assert SignTest(lower, higher, 3).p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mid", "no configuration 'mid' has finished"),
        ("tl_dmi", "is not one configuration"),
        ("", "no configuration"),
    ],
)
def test_names_that_are_not_one_configuration_are_refused(tmp_path: Path, name: str, message: str) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI, FakeConfig("tl_dmi", 0.8, {"gmi": 0.1}, 9))
    with pytest.raises(NotComparable, match=message):
        results.compare(name)


def test_a_configuration_is_found_by_id_beginning_and_label(tmp_path: Path) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI, FakeConfig("tl_dmi", 0.8, {"gmi": 0.1}, 9))
    expected = TL_DMI.config_id
    for name in (expected, "tl_dmi-6", "TL-DMI (depth 6)"):
        assert results.compare(name).first.config_id == expected


@pytest.mark.parametrize("column", ["attack_settings", "generator_id", "evaluator", "attacked_classes"])
def test_attacks_that_differ_in_more_than_t_are_no_pairs(tmp_path: Path, column: str) -> None:
    results = results_of(tmp_path, NO_DEF, TL_DMI)
    attack_id = f"a-gmi-{TL_DMI.config_id}-0"
    (row,) = results.store.read_rows("attacks", attack_id).to_pylist()
    changed = 19 if column == "attacked_classes" else "another"
    results.store.write_rows("attacks", attack_id, [{**row, column: changed}])
    with pytest.raises(NotComparable, match=f"attack gmi: {column} differs"):
        load(results.store.uri).compare("tl_dmi")
