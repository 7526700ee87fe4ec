"""``--set`` changes one value of a space or its setup and nothing else."""

import pytest

from orchestrator.overrides import apply_assignments
from search_spaces import InvalidSpace, Sweep, load_setup
from search_spaces.defenses import Defense
from tests.orchestrator.small_sweeps import small_space


def depth_bounds(space, _):
    return space.defenses[2].freeze_depth.integers


def changed(*assignments):
    return apply_assignments(small_space(), load_setup("orl_faces"), assignments)


def test_without_assignments_nothing_changes() -> None:
    assert changed() == (small_space(), load_setup("orl_faces"))


def test_an_assignment_of_the_same_value_keeps_the_sweep() -> None:
    space, setup = changed("search.round_size=2")
    assert (
        Sweep(space=space, setup=setup).sweep_id
        == Sweep(space=small_space(), setup=load_setup("orl_faces")).sweep_id
    )


@pytest.mark.parametrize(
    ("assignment", "read", "value"),
    [
        ("search.sampler=random", lambda space, _: space.search.sampler, "random"),
        ("target.epochs=3", lambda _, setup: setup.target.epochs, 3),
        ("setup.target.epochs=3", lambda _, setup: setup.target.epochs, 3),
        ("attacks.gmi.iterations=9", lambda space, _: space.attacks[0].iterations, 9),
        ("attacks.1.iterations=9", lambda space, _: space.attacks[1].iterations, 9),
        ("attacked_classes=4", lambda space, _: space.attacked_classes, 4),
        ("confirmation.further_seeds=0", lambda space, _: space.confirmation.further_seeds, 0),
        ("attack_budgets.gmi.restarts=4", lambda _, setup: setup.attack_budgets["gmi"].restarts, 4),
        ("budget_factor=.5", lambda _, setup: setup.budget_factor, 0.5),
        ("control.kinds=[untrained]", lambda space, _: space.control.kinds, ("untrained",)),
        ("defenses.tl_dmi.freeze_depth={integers: [2, 3]}", depth_bounds, (2, 3)),
    ],
)
def test_a_value_is_found_by_its_path(assignment, read, value):
    space, setup = changed(assignment)
    assert read(space, setup) == value


def test_a_budget_of_the_setup_still_yields_to_what_the_space_sets() -> None:
    """Validating anew must not turn defaults into values that were set."""
    space, setup = changed("attack_budgets.gmi.restarts=4", "attack_budgets.gmi.iterations=77")
    attack = Sweep(space=space, setup=setup).trial(Defense(), 0).attacks[0].attack
    assert (attack.restarts, attack.iterations) == (4, 5)


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("epochs", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
        ("targets.epochs=3", "Did you mean 'target'?"),
        ("name=x", "space.name or setup.name"),
        ("attacks.lomma.iterations=3", "gmi, brepmi"),
        ("attacks.gmi=3", "inside the item"),
        ("search.trials.deeper=3", "has no inner settings"),
        ("target.epochs=[", "malformed YAML"),
        ("target.epoch=3", "target.epoch"),
        ("search.trials=0", "search.trials"),
    ],
)
def test_a_path_or_value_that_does_not_fit_is_refused(assignment: str, named: str) -> None:
    with pytest.raises(InvalidSpace) as error:
        changed(assignment)
    assert named in str(error.value)


def test_all_values_that_do_not_fit_are_named_at_once() -> None:
    with pytest.raises(InvalidSpace, match="2 error"):
        changed("search.trials=0", "target.epochs=0")
