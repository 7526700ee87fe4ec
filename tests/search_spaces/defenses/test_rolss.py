"""RoLSS: how its stages are written, what spaces search, and which networks it is refused for."""

import pytest
from pydantic import ValidationError

from orchestrator.checks.space_checks import check_space
from search_spaces import InvalidSpace, Setup, Space, Sweep
from search_spaces.architectures import ARCHITECTURES
from search_spaces.defenses import AS_WRITTEN, Defense, DefenseSpace
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.rolss import RoLSS
from search_spaces.loading import load_setup


def refused(architecture: str, **space: object) -> str:
    """Return what a space says that cannot be run on this T."""
    setup: Setup = load_setup("drawn_persons")
    own = setup.target.model_copy(update={"architecture": architecture})
    plain = {"name": "mine", "description": "Test.", "setup": setup.name, "attacks": [{"kind": "gmi"}]}
    sweep = Sweep(
        space=Space.model_validate({"defenses": [{"kind": "no_def"}], **plain, **space}),
        setup=setup.model_copy(update={"target": own}),
    )
    with pytest.raises(InvalidSpace) as caught:
        check_space(sweep, lambda architecture: ())
    return str(caught.value)


def test_the_default_is_the_published_removal_of_the_last_stage() -> None:
    assert RoLSS().model_dump() == {"kind": "rolss", "skip_stages": ("last",), "skip_scale": 0.0}


def test_a_space_searches_removal_and_the_published_factors() -> None:
    ranges = DefenseSpace.of({"kind": "rolss"}).domains(9)
    assert {name: domain.model_dump() for name, domain in ranges.items()} == {
        "skip_stages": {"choice": ("last",)},
        "skip_scale": {"choice": (0.0, 0.2, 0.6)},
    }


@pytest.mark.parametrize(("written", "stages"), [(4, ("4",)), ([3, "last"], ("3", "last")), ("2", ("2",))])
def test_stages_may_be_written_as_numbers(written: object, stages: tuple[str, ...]) -> None:
    assert RoLSS.model_validate({"skip_stages": written}).skip_stages == stages


@pytest.mark.parametrize("wrong", [[], ["first"], ["last", 3], [2, 2], [0], [True], [3, 1]])
def test_other_stages_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        RoLSS.model_validate({"skip_stages": wrong})


@pytest.mark.parametrize("wrong", [1.0, -0.1])
def test_a_factor_that_leaves_or_turns_the_skip_is_refused(wrong: float) -> None:
    with pytest.raises(ValidationError):
        RoLSS(skip_scale=wrong)


def test_a_choice_of_several_stages_is_found_again() -> None:
    ranges = DefenseSpace.of(
        {"kind": "tl_dmi+rolss", "skip_stages": {"choice": [1, "3+last"]}, "freeze_depth": {"choice": [2]}}
    )
    made = list(ranges.every(9))
    assert len(made) == 2 * 3
    assert {one.part(RoLSS).skip_stages for one in made} == {("1",), ("3", "last")}
    both = Defense.of(TLDMI(freeze_depth=2), RoLSS(skip_stages=("3", "last")))
    assert both in made
    assert both.model_dump(mode="json", context=AS_WRITTEN)["skip_stages"] == ["3", "last"]
    assert ranges.values_of(both, 9) == {"freeze_depth": 2, "skip_stages": "3+last", "skip_scale": 0.0}


@pytest.mark.parametrize("architecture", ["vgg16", "small_vgg", "maxvit"])
def test_a_network_without_skips_is_refused_with_those_that_have_them(architecture: str) -> None:
    message = refused(architecture, defenses=[{"kind": "no_def"}, {"kind": "rolss"}])
    assert f"defenses.1.skip_stages: {architecture} has no stages of skip connections" in message
    fitting = [own.kind_name() for own in ARCHITECTURES if own.residual_stages]
    assert ", ".join(fitting) in message


def test_an_anchor_is_refused_too() -> None:
    message = refused("small_vgg", anchors=[{"kind": "tl_dmi+rolss", "freeze_depth": 2}])
    assert "small_vgg has no stages of skip connections" in message


def test_a_stage_that_the_network_lacks_is_refused() -> None:
    message = refused("resnet18", defenses=[{"kind": "rolss", "skip_stages": {"choice": [5, "last"]}}])
    assert "defenses.0.skip_stages: 5 is no stage of resnet18, which has 4" in message
