"""The verdict says what the numbers allow, and no more."""

from pathlib import Path

import pytest

from results import load, open_store
from results.report.verdict import Verdict, verdict
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, hopeless_configs, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6})
CONTROL = FakeConfig("no_def", 0.05, {"gmi": 0.05}, control="untrained", role="control")


def verdict_on(folder: Path, configs: list[FakeConfig]) -> Verdict:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return verdict(load(store.uri).summary())


def test_defences_that_help_are_counted_with_their_price(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, helping_configs())
    assert found.headline.startswith("On this data 6 of 6 defended configurations lowered")
    assert "TL-DMI (depth 11)" in found.details[0]
    assert "over 2 seeds" in found.details[0]
    assert "TL-DMI (depth 6)" in found.details[1]
    assert found.details[2].startswith("Also lowered by: TL-DMI (depth 13), ")
    assert found.details[2].endswith(" and BiDO-HSIC (λx 0.12, λy 2.4).")


def test_of_many_defences_that_help_the_first_are_named(tmp_path: Path) -> None:
    helping = [FakeConfig("tl_dmi", 0.9 - depth / 100, {"gmi": 0.1}, depth) for depth in range(1, 9)]
    found = verdict_on(tmp_path, [NO_DEF, *helping])
    assert found.headline.startswith("On this data 8 of 8")
    assert found.details[-1].endswith("and 4 more.")
    assert found.details[-1].count("TL-DMI") == 3


def test_no_defence_that_helps_is_said_so(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, hopeless_configs())
    assert found.headline.startswith("On this data no defence lowered the worst attack accuracy of No-Def")
    assert "are at or above it" in found.headline


def test_a_drop_within_the_noise_is_no_success(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, [NO_DEF, FakeConfig("tl_dmi", 0.9, {"gmi": 0.575}, 3)])
    assert "no defence lowered" in found.headline
    assert "TL-DMI (depth 3)" in found.details[0]
    assert "\N{MINUS SIGN}2.5 points" in found.details[0]


def test_one_seed_is_called_unconfirmed_and_a_free_defence_free(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, [NO_DEF, FakeConfig("tl_dmi", 0.96, {"gmi": 0.1}, 3)])
    assert "1 of 1 defended configuration " in found.headline
    assert "without loss of natural accuracy" in found.details[0]
    assert "from one seed, not confirmed" in found.details[0]


def test_without_a_working_classifier_there_is_no_verdict(tmp_path: Path) -> None:
    blind = FakeConfig("no_def", 0.05, {"gmi": 0.05})
    found = verdict_on(tmp_path, [blind, FakeConfig("tl_dmi", 0.9, {"gmi": 0.0}, 3), CONTROL])
    assert found.headline.startswith("No verdict: the classifier without a defence does not work")
    assert "Acc 5.0 %" in found.headline
    assert "least_steps" in found.details[0]


def test_defences_whose_classifier_does_not_work_are_not_counted(tmp_path: Path) -> None:
    blind = FakeConfig("tl_dmi", 0.05, {"gmi": 0.0}, 6)
    helping = FakeConfig("tl_dmi", 0.9, {"gmi": 0.1}, 3)
    found = verdict_on(tmp_path / "both", [NO_DEF, helping, blind])
    assert found.headline.startswith("On this data 1 of 1 defended configuration lowered")
    alone = verdict_on(tmp_path / "alone", [NO_DEF, blind])
    assert alone.headline.startswith("No verdict: no classifier with a defence works")


def test_without_a_leak_there_is_nothing_to_defend(tmp_path: Path) -> None:
    weak = FakeConfig("no_def", 0.95, {"gmi": 0.05})
    found = verdict_on(tmp_path, [weak, FakeConfig("tl_dmi", 0.9, {"gmi": 0.0}, 3)])
    assert "no better than chance (5.0 %)" in found.headline


@pytest.mark.parametrize(
    ("configs", "said"),
    [
        ([], "no configuration has finished"),
        ([NO_DEF], "only No-Def has finished"),
        ([NO_DEF, CONTROL], "only No-Def has finished"),
        (
            [FakeConfig("tl_dmi", 0.9, {"gmi": 0.1}, 3)],
            "No-Def has not finished",
        ),
    ],
)
def test_an_unfinished_sweep_gets_no_verdict(tmp_path: Path, configs: list[FakeConfig], said: str) -> None:
    assert said in verdict_on(tmp_path, configs).headline
