"""Spaces become Optuna parameters and back; what a T cannot do is refused before work."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import FixedTrial

from orchestrator.search.suggest import grid, parameters_of, suggest_defense
from search_spaces.defenses import DEFENSE_PARTS, Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from search_spaces.domains import LogUniform, countable, rounded
from tests.orchestrator.small_sweeps import small_space

UNITS = 16
SEARCHED = [
    *DEFENSE_PARTS.kinds,
    "tl_dmi+bido_hsic",
    "tl_dmi+bido_coco",
    "tl_dmi+mid",
    "layer_wise+bido_hsic+mid",
]
EVERY_DEFENSE = [{"kind": kind} for kind in ("no_def", *SEARCHED)]
"""Every defence with the ranges that it has when a space says nothing."""


def suggested(parameters, **changes):
    return suggest_defense(FixedTrial(parameters), small_space(**changes), UNITS)


def test_only_the_parameters_of_the_chosen_defence_are_asked_for() -> None:
    asked = FixedTrial({"defense": "tl_dmi", "tl_dmi.freeze_depth": 7})
    assert suggest_defense(asked, small_space(), UNITS) == Defense.of(TLDMI(freeze_depth=7))
    assert set(asked.distributions) == {"defense", "tl_dmi.freeze_depth"}


def test_lambda_y_is_lambda_x_times_the_ratio() -> None:
    parameters = {"defense": "bido_hsic", "bido_hsic.lambda_x": 0.04, "bido_hsic.lambda_y_ratio": 12.5}
    assert suggested(parameters) == Defense.of(BiDOHSIC(lambda_x=0.04, lambda_y=0.5))


def test_all_depths_run_from_one_to_every_unit_and_no_def_is_not_proposed() -> None:
    asked = FixedTrial({"defense": "tl_dmi", "tl_dmi.freeze_depth": UNITS})
    suggest_defense(asked, small_space(), UNITS)
    depth, kinds = asked.distributions["tl_dmi.freeze_depth"], asked.distributions["defense"]
    assert (depth.low, depth.high) == (1, UNITS)
    assert "no_def" not in kinds.choices


def test_a_value_that_is_not_searched_is_kept() -> None:
    rooms = [{"kind": "tl_dmi", "freeze_depth": "all", "frozen_bn": "eval"}]
    defense = suggested({"defense": "tl_dmi", "tl_dmi.freeze_depth": 3}, defenses=rooms)
    assert defense == Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval"))


@given(st.floats(1e-6, 1e6))
def test_rounded_keeps_six_digits_and_is_stable(value):
    once = rounded(value)
    assert once == pytest.approx(value, rel=1e-5)
    assert rounded(once) == once
    assert len(f"{once:.10g}".replace(".", "").replace("-", "").lstrip("0").split("e")[0].rstrip("0")) <= 6


@pytest.mark.parametrize("kind", SEARCHED)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_parameters_of_a_proposal_lead_back_to_it(kind, seed):
    """Defence to parameters to defence, for every kind."""
    space = small_space(defenses=[{"kind": kind}])
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    defense = suggest_defense(study.ask(), space, UNITS)
    parameters = parameters_of(defense, space, UNITS)
    back = suggest_defense(FixedTrial(parameters), space, UNITS)
    assert back == defense
    assert parameters_of(back, space, UNITS) == parameters


def test_all_kinds_side_by_side_keep_their_parameters_apart() -> None:
    space = small_space(defenses=EVERY_DEFENSE)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(60):
        trial = study.ask()
        defense = suggest_defense(trial, space, UNITS)
        own = {name for name in trial.params if name != "defense"}
        assert own
        assert all(name.startswith(f"{defense.kind}.") for name in own)


WRITTEN = [
    (
        {"kind": "mid", "lambda_mid": {"choice": [0.002, 0.01]}, "prediction": "mean"},
        {"mid.lambda_mid": 0.01},
        Defense.of(MID(lambda_mid=0.01, prediction="mean")),
    ),
    (
        {"kind": "bido_coco"},
        {"bido_coco.lambda_x": 5.0, "bido_coco.lambda_y_ratio": 10.0},
        Defense.of(BiDOCOCO(lambda_x=5.0, lambda_y=50.0)),
    ),
    (
        {"kind": "layer_wise", "trainable": {"choice": ["first+last", "conv2..conv4"]}, "frozen_bn": "eval"},
        {"layer_wise.trainable": "conv2..conv4"},
        Defense.of(LayerWise(trainable=("conv2..conv4",), frozen_bn="eval")),
    ),
    (
        {"kind": "layer_wise"},
        {"layer_wise.trainable": "first+last"},
        Defense.of(LayerWise(trainable=("first", "last"))),
    ),
    (
        {"kind": "tl_dmi+mid", "frozen_bn": "eval"},
        {"tl_dmi+mid.freeze_depth": 3, "tl_dmi+mid.lambda_mid": 0.004},
        Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval"), MID(lambda_mid=0.004)),
    ),
]


@pytest.mark.parametrize(("room", "parameters", "defense"), WRITTEN)
def test_each_defence_is_written_in_its_own_parameters(room, parameters, defense):
    space = small_space(defenses=[room])
    parameters = {"defense": room["kind"], **parameters}
    assert suggest_defense(FixedTrial(parameters), space, UNITS) == defense
    assert parameters_of(defense, space, UNITS) == parameters


@pytest.mark.parametrize(("lambda_x", "ratio"), [(0.0333333, 5.0), (0.0777777, 50.0), (0.05, 8.0)])
def test_a_ratio_rounded_past_the_end_of_its_range_is_still_inside(lambda_x: float, ratio: float) -> None:
    defense = Defense.of(BiDOHSIC(lambda_x=lambda_x, lambda_y=rounded(lambda_x * ratio)))
    parameters = parameters_of(defense, small_space(), UNITS)
    assert 5 <= parameters["bido_hsic.lambda_y_ratio"] <= 50
    assert suggested(parameters) == defense


@pytest.mark.parametrize(
    "outside",
    [
        Defense(),
        Defense.of(TLDMI(freeze_depth=0)),
        Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval")),
        Defense.of(BiDOHSIC(lambda_x=0.5, lambda_y=5.0)),
        Defense.of(BiDOHSIC(lambda_x=0.0, lambda_y=1.0)),
        Defense.of(TLDMI(freeze_depth=3), BiDOHSIC(lambda_x=0.05, lambda_y=0.4)),
    ],
)
def test_a_defence_outside_the_space_has_no_parameters(outside):
    assert parameters_of(outside, small_space(), UNITS) is None


@pytest.mark.parametrize(
    ("room", "outside"),
    [
        ({"kind": "mid"}, Defense.of(MID(lambda_mid=0.06))),
        ({"kind": "mid"}, Defense.of(MID(lambda_mid=0.003, prediction="mean"))),
        ({"kind": "mid", "lambda_mid": {"choice": [0.002]}}, Defense.of(MID(lambda_mid=0.003))),
        ({"kind": "bido_coco"}, Defense.of(BiDOCOCO(lambda_x=5.0, lambda_y=1.0))),
        ({"kind": "layer_wise"}, Defense.of(LayerWise(trainable=("last", "first")))),
        ({"kind": "tl_dmi+mid"}, Defense.of(TLDMI(freeze_depth=17), MID())),
        ({"kind": "tl_dmi"}, Defense.of(MID())),
    ],
)
def test_every_kind_knows_what_its_ranges_do_not_hold(room, outside):
    assert parameters_of(outside, small_space(defenses=[room]), UNITS) is None


def test_a_grid_holds_every_value_in_the_order_written() -> None:
    rooms = [
        {"kind": "no_def"},
        {
            "kind": "tl_dmi+mid",
            "freeze_depth": {"integers": [2, 3]},
            "lambda_mid": {"choice": [0.02, 0.01]},
        },
        {"kind": "layer_wise"},
    ]
    assert list(grid(small_space(defenses=rooms), UNITS)) == [
        *(
            Defense.of(TLDMI(freeze_depth=depth), MID(lambda_mid=weight))
            for depth in (2, 3)
            for weight in (0.02, 0.01)
        ),
        Defense.of(LayerWise(trainable=("first", "last"))),
        Defense.of(LayerWise(trainable=("middle", "last"))),
    ]


def test_a_range_of_real_numbers_has_no_grid() -> None:
    with pytest.raises(ValueError, match="choice"):
        countable(LogUniform(log_uniform=(0.1, 1)))
