"""One factor cuts every attack of a setup to the same share of its published work."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search_spaces import InvalidSpace, Setup, load_setup, setup_names
from search_spaces.attacks import ATTACKS, BREPMI, GMI, KEDMI, LOMMAGMI, LOMMAKEDMI, VMI, AttackSettings
from search_spaces.setups import with_budget
from search_spaces.shipped import shipped_text

KINDS = (GMI, KEDMI, LOMMAGMI, LOMMAKEDMI, VMI, BREPMI)


def setup_with(factor: float | None, **budgets: dict[str, Any]) -> Setup:
    plain = load_setup("orl_faces").model_dump(exclude_unset=True)
    return Setup.model_validate({**plain, "budget_factor": factor, "attack_budgets": budgets})


@pytest.mark.parametrize(
    ("attack", "pictures"),
    [
        (GMI(), 3000 * 5),
        (LOMMAGMI(), 2400 * 5),
        (KEDMI(), 3000),  # restarts of these three are drawn in the end, and optimise nothing
        (LOMMAKEDMI(), 2400),
        (VMI(), 320 * 32),
        (BREPMI(), 1000 * 32),
        (BREPMI(iterations=3, restarts=2, sphere_points=40), 3 * 2 * 40),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_work_is_counted_in_pictures_that_t_sees(attack: AttackSettings, pictures: int) -> None:
    assert attack.images_per_class() == pictures


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_settings_are_the_whole(kind: type[GMI]) -> None:
    assert kind().budget_factor() == 1
    assert kind().scaled(1) == kind()


@given(
    kind=st.sampled_from(KINDS),
    factor=st.floats(min_value=1e-4, max_value=3),
    restarts=st.integers(min_value=1, max_value=9),
)
def test_any_factor_is_met_but_for_the_rounding_of_an_iteration(
    kind: type[GMI], factor: float, restarts: int
) -> None:
    attack = kind(restarts=restarts).scaled(factor)
    one_iteration = attack.model_copy(update={"iterations": 1}).budget_factor()
    assert attack.iterations >= 1
    assert abs(attack.budget_factor() - factor) <= one_iteration / 2 + 1e-9 or attack.iterations == 1


@pytest.mark.parametrize(
    ("factor", "iterations", "most", "draws"),
    [(1, 1000, 20000, 20000), (0.1, 100, 2000, 2000), (0.01, 10, 200, 256), (1e-9, 1, 1, 256)],
)
def test_all_costs_of_brepmi_are_cut_alike(factor: float, iterations: int, most: int, draws: int) -> None:
    cut = BREPMI().scaled(factor)
    assert (cut.iterations, cut.max_steps, cut.initial_draws) == (iterations, most, draws)


def test_what_space_or_setup_say_wins_over_the_factor() -> None:
    setup = setup_with(0.01, gmi={"restarts": 2}, kedmi={"iterations": 9})
    assert with_budget(GMI(), setup).iterations == 75
    assert with_budget(GMI(iterations=7), setup).iterations == 7
    assert with_budget(GMI(restarts=1), setup).iterations == 150
    assert with_budget(KEDMI(), setup).iterations == 9
    assert with_budget(BREPMI(max_steps=5), setup).max_steps == 5
    assert with_budget(BREPMI(initial_draws=7), setup).initial_draws == 7


def test_without_a_factor_fewer_restarts_do_less() -> None:
    assert with_budget(GMI(restarts=1), setup_with(None)) == GMI(restarts=1)


@pytest.mark.parametrize("name", setup_names())
@pytest.mark.parametrize("kind", KINDS)
def test_each_attack_of_a_shipped_setup_has_its_factor(name: str, kind: type[GMI]) -> None:
    setup = load_setup(name)
    attack = with_budget(ATTACKS.validate({"kind": kind().kind}), setup)
    assert attack.budget_factor() == pytest.approx(setup.budget_factor, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_downloaded_data_meet_the_published_attacks(kind: type[GMI]) -> None:
    assert with_budget(kind(), load_setup("celeba")) == kind()


@pytest.mark.parametrize("factor", [0, -0.1, float("inf"), "much"])
def test_a_factor_that_is_none_is_refused(factor: object) -> None:
    plain = load_setup("orl_faces").model_dump(mode="json")
    with pytest.raises(ValidationError, match="budget_factor"):
        Setup.model_validate({**plain, "budget_factor": factor})


def test_a_setup_without_a_factor_is_written_as_ever() -> None:
    """Its sweeps keep their identity."""
    assert "budget_factor" not in setup_with(None).model_dump(mode="json")
    assert setup_with(0.5).model_dump(mode="json")["budget_factor"] == 0.5


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("  gmi:", "  gmii:", "line 24: attack_budgets.gmii: no kind 'gmii'; .* Did you mean 'gmi'"),
        ("{restarts: 5", "{restarts: 0", r"attack_budgets\.vmi\.restarts: .* \(found 0\)"),
        ("{restarts: 5", "{restartz: 5", r"vmi\.restartz: no such setting; .* Did you mean 'restarts'"),
        ("students: [small]", "students: [big]", r"line 43: attack_budgets\.lomma_gmi\.lomma\.students\.0"),
        ("{initial_draws: 2048}", "{sphere_points: 8}", r"attack_budgets\.brepmi: inside_to_grow 29"),
    ],
)
def test_a_budget_that_no_attack_takes_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    """Whether a space uses that attack or not: else it would run with what is published, unseen."""
    text = shipped_text("setups", "orl_faces")
    assert right in text
    (tmp_path / "own.yaml").write_text(text.replace(right, wrong))
    with pytest.raises(InvalidSpace, match=said):
        load_setup(str(tmp_path / "own.yaml"))
