"""What a sweep lists before it searches: No-Def, anchors, a grid, each under every D_pretrain weights."""

from orchestrator.search.fixed_trials import confirmed_trials, fixed_trials, search_trials
from search_spaces import Sweep, load_setup
from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from search_spaces.space import SEARCHED_TRIALS
from tests.orchestrator.small_sweeps import small_space

GRID = {"sampler": "grid"}
DEPTHS = [{"kind": "tl_dmi", "freeze_depth": {"choice": [2, 4]}}]


def sweep(setup="orl_faces", **changes):
    return Sweep(space=small_space(**changes), setup=load_setup(setup))


def listed(*arguments, **changes):
    """Return D_pretrain weights and defence of every listed trial."""
    trials = fixed_trials(sweep(*arguments, **changes))
    return [(trial.target.target.pretrained, trial.target.defense) for trial in trials]


def test_no_def_the_anchors_then_the_grid_each_once() -> None:
    anchors = [{"kind": "mid"}, {"kind": "tl_dmi", "freeze_depth": 4}, {"kind": "no_def"}]
    found = [defense for _, defense in listed(search=GRID, defenses=DEPTHS, anchors=anchors)]
    assert found == [
        Defense(),
        Defense.of(MID()),
        Defense.of(TLDMI(freeze_depth=4)),
        Defense.of(TLDMI(freeze_depth=2)),
    ]


def test_a_searched_space_lists_its_anchors_alone() -> None:
    found = listed(defenses=DEPTHS, anchors=[{"kind": "mid"}])
    assert [defense for _, defense in found] == [Defense(), Defense.of(MID())]


def test_the_setup_decides_whose_anchors_are_tried() -> None:
    per_target = {
        "face_resnet": {"anchors": [{"kind": "tl_dmi", "freeze_depth": 10}]},
        "small_vgg": {"anchors": [{"kind": "tl_dmi", "freeze_depth": 3}]},
    }
    changes = {"defenses": [{"kind": "no_def"}], "search": GRID, "per_target": per_target}
    assert [defense for _, defense in listed(**changes)] == [Defense(), Defense.of(TLDMI(freeze_depth=10))]
    assert [defense for _, defense in listed("drawn_persons", **changes)] == [
        Defense(),
        Defense.of(TLDMI(freeze_depth=3)),
    ]


def test_everything_is_tried_under_each_weights_and_no_def_of_the_first_comes_first() -> None:
    per_target = {"face_resnet": {"pretrained": ["face_resnet", None]}}
    found = listed(search=GRID, defenses=DEPTHS, per_target=per_target)
    defenses = [Defense(), Defense.of(TLDMI(freeze_depth=2)), Defense.of(TLDMI(freeze_depth=4))]
    assert found == [(weights, defense) for weights in ("face_resnet", None) for defense in defenses]


def test_fewer_trials_are_the_first_of_the_list() -> None:
    assert len(listed(search={**GRID, "trials": 2}, defenses=DEPTHS)) == 2
    assert search_trials(sweep(search={**GRID, "trials": 99}, defenses=DEPTHS)) == 3


def test_the_number_of_trials_is_known_before_anything_runs() -> None:
    assert search_trials(sweep(search=GRID, defenses=DEPTHS)) == 3
    assert search_trials(sweep(search={})) == SEARCHED_TRIALS
    assert search_trials(sweep(search={"trials": 5})) == 5


def test_without_attacks_there_is_no_front_to_confirm() -> None:
    confirmation = {"further_seeds": 2, "at_most": 3}
    assert confirmed_trials(sweep(confirmation=confirmation)) == 6
    assert confirmed_trials(sweep(confirmation=confirmation, search=GRID, defenses=DEPTHS, attacks=[])) == 0
