"""The numbers at the top of a page: the leak of No-Def, the largest drop, the evidence for both."""

from pathlib import Path

from results import load, open_store
from results.report.key_facts import Fact, key_facts
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, hopeless_configs, write_fake_sweep

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6})


def facts_of(folder: Path, configs: list[FakeConfig]) -> dict[str, Fact]:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, FakeSweep(configs, pictures=False))
    return {fact.name: fact for fact in key_facts(load(store.uri).summary())}


def test_the_leak_the_largest_drop_the_controls_and_the_evidence_stand_side_by_side(tmp_path: Path) -> None:
    leak, best, control, evidence = facts_of(tmp_path, helping_configs()).values()
    assert (leak.name, leak.value, leak.unit) == ("No-Def, worst attack", "62.5", "%")
    assert leak.notes[1] == "natural accuracy 97.2 %"
    assert (best.value, best.notes[0]) == ("15.0", "TL-DMI (depth 11)")
    assert "95 % interval" in best.notes[1]
    assert (control.value, control.notes) == ("5.0", ("should be at chance, 5.0 %",))
    assert (evidence.name, evidence.value) == ("Classes attacked", "20")
    assert evidence.notes == ("at most 2 training seeds", "evaluator right on 98.3 % of real pictures")


def test_where_nothing_helps_no_drop_is_claimed(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, hopeless_configs())
    assert facts["Largest drop, worst attack"].value == "none"
    assert facts["Control attacks"].notes == ("without controls, chance and leak cannot be told apart",)


def test_with_no_def_alone_there_is_no_drop_yet(tmp_path: Path) -> None:
    assert list(facts_of(tmp_path, [NO_DEF])) == [
        "No-Def, worst attack",
        "Control attacks",
        "Classes attacked",
    ]


def test_without_attacks_only_the_accuracy_is_known(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, [FakeConfig("no_def", 0.95, {}), FakeConfig("tl_dmi", 0.9, {}, 4)])
    assert {fact.name: fact.value for fact in facts.values()} == {"No-Def, natural accuracy": "95.0"}


def test_before_anything_has_finished_there_are_no_facts(tmp_path: Path) -> None:
    assert facts_of(tmp_path, []) == {}
