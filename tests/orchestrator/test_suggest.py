"""Spaces become Optuna parameters and back; what a T cannot do is refused before work."""

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import FixedTrial

from orchestrator.suggest import check_space, parameters_of, rounded, suggest_defense
from search_spaces import InvalidSpace
from search_spaces.defenses import TLDMI, BiDOHSIC, NoDef, TLDMIBiDOHSIC
from tests.orchestrator.small_sweeps import DEFENSES, small_space

UNITS = 16


def suggested(parameters, **changes):
    return suggest_defense(FixedTrial(parameters), small_space(**changes), UNITS)


def test_only_the_parameters_of_the_chosen_defence_are_asked_for():
    asked = FixedTrial({"defense": "tl_dmi", "tl_dmi.freeze_depth": 7})
    assert suggest_defense(asked, small_space(), UNITS) == TLDMI(freeze_depth=7)
    assert set(asked.distributions) == {"defense", "tl_dmi.freeze_depth"}


def test_lambda_y_is_lambda_x_times_the_ratio():
    parameters = {"defense": "bido_hsic", "bido_hsic.lambda_x": 0.04, "bido_hsic.lambda_y_ratio": 12.5}
    assert suggested(parameters) == BiDOHSIC(lambda_x=0.04, lambda_y=0.5)


def test_all_depths_run_from_one_to_every_unit_and_no_def_is_not_proposed():
    asked = FixedTrial({"defense": "tl_dmi", "tl_dmi.freeze_depth": UNITS})
    suggest_defense(asked, small_space(), UNITS)
    depth, kinds = asked.distributions["tl_dmi.freeze_depth"], asked.distributions["defense"]
    assert (depth.low, depth.high) == (1, UNITS)
    assert "no_def" not in kinds.choices


def test_frozen_bn_of_the_room_is_kept():
    rooms = [{"kind": "tl_dmi", "freeze_depth": "all", "frozen_bn": "eval"}]
    defense = suggested({"defense": "tl_dmi", "tl_dmi.freeze_depth": 3}, defenses=rooms)
    assert defense == TLDMI(freeze_depth=3, frozen_bn="eval")


@given(st.floats(1e-6, 1e6))
def test_rounded_keeps_six_digits_and_is_stable(value):
    once = rounded(value)
    assert once == pytest.approx(value, rel=1e-5)
    assert rounded(once) == once
    assert len(f"{once:.10g}".replace(".", "").replace("-", "").lstrip("0").split("e")[0].rstrip("0")) <= 6


@given(st.integers(0, 2**32 - 1))
def test_parameters_of_a_proposal_lead_back_to_it(seed):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    defense = suggest_defense(study.ask(), small_space(), UNITS)
    back = suggested(parameters_of(defense, small_space(), UNITS))
    assert back.kind == defense.kind
    assert getattr(back, "freeze_depth", None) == getattr(defense, "freeze_depth", None)
    assert getattr(back, "lambda_y", 0) == pytest.approx(getattr(defense, "lambda_y", 0), rel=1e-5)


@pytest.mark.parametrize(
    "outside",
    [
        NoDef(),
        TLDMI(freeze_depth=0),
        TLDMI(freeze_depth=3, frozen_bn="eval"),
        BiDOHSIC(lambda_x=0.5, lambda_y=5.0),
        BiDOHSIC(lambda_x=0.0, lambda_y=1.0),
        TLDMIBiDOHSIC(freeze_depth=3, lambda_x=0.05, lambda_y=0.4),
    ],
)
def test_a_defence_outside_the_space_has_no_parameters(outside):
    assert parameters_of(outside, small_space(), UNITS) is None


def test_every_range_that_this_t_cannot_do_is_listed():
    space = small_space(
        defenses=[
            {"kind": "tl_dmi", "freeze_depth": {"integers": [1, 17]}},
            {
                "kind": "tl_dmi+bido_hsic",
                "freeze_depth": {"choice": [2, "three"]},
                "lambda_x": {"uniform": [-1, 0.1]},
            },
        ],
        anchors=[{"kind": "tl_dmi", "freeze_depth": 18}],
    )
    with pytest.raises(InvalidSpace) as error:
        check_space(space, UNITS)
    for part in ("17", "'three'", "-1.0", "anchors.0.freeze_depth: 18", "4 error(s)", "0 to 16"):
        assert part in str(error.value)


def test_the_shipped_shape_of_space_passes():
    check_space(small_space(), UNITS)
    assert len(small_space().defenses) == len(DEFENSES)
