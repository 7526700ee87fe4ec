"""What the T of a setup cannot do is refused with every error at once, whatever it is a space names."""

import pytest

from orchestrator.checks.space_checks import check_space, unit_names
from search_spaces import InvalidSpace, Sweep, load_setup
from search_spaces.targets import FREEZE_UNITS
from tests.orchestrator.small_sweeps import small_space

UNITS = FREEZE_UNITS["face_resnet"]


def refused(**changes):
    """Return what is said of a small space on the photographs with ``changes``."""
    with pytest.raises(InvalidSpace) as error:
        check_space(on_faces(**changes))
    return str(error.value)


def on_faces(**changes):
    return Sweep(space=small_space(**changes), setup=load_setup("orl_faces"))


def layer_wise(*groups):
    return {"anchors": [{"kind": "layer_wise", "trainable": list(groups)}]}


def test_every_range_that_this_t_cannot_do_is_listed() -> None:
    message = refused(
        defenses=[
            {"kind": "tl_dmi", "freeze_depth": {"integers": [1, UNITS + 1]}},
            {
                "kind": "tl_dmi+bido_hsic",
                "freeze_depth": {"choice": [2, "three"]},
                "lambda_x": {"uniform": [-1, 0.1]},
            },
            {"kind": "tl_dmi+mid", "lambda_mid": {"choice": [-0.5]}},
            {"kind": "layer_wise", "trainable": {"choice": ["first+*"]}},
        ],
        anchors=[{"kind": "tl_dmi+mid", "freeze_depth": 18}],
    )
    for part in (
        f"defenses.0.freeze_depth: {UNITS + 1}",
        "'three'",
        "defenses.1.lambda_x: -1.0",
        "defenses.2.lambda_mid: -0.5",
        "defenses.3.trainable: '*'",
        "anchors.0.freeze_depth: 18",
        f"0 to {UNITS}",
        "6 errors",
    ):
        assert part in message, part


def test_the_small_space_passes() -> None:
    check_space(on_faces())


def test_a_unit_that_t_lacks_is_refused_and_the_nearest_is_named() -> None:
    message = refused(**layer_wise("first", "blok3"))
    assert "anchors.0.trainable: trainable 'blok3': no unit of T" in message
    assert "Did you mean 'block3'?" in message


def test_a_group_written_backwards_is_refused() -> None:
    assert "'block3..block1': no unit of T is in it" in refused(**layer_wise("block3..block1"))


def test_groups_that_t_has_pass() -> None:
    check_space(on_faces(**layer_wise("stem..block2", "block13", "last")))


def test_no_network_is_built_unless_units_are_named() -> None:
    def refuse(architecture):
        raise AssertionError(f"{architecture} was built")

    check_space(on_faces(**layer_wise("first", "last")), refuse)


def test_units_are_those_of_the_network() -> None:
    names = unit_names("small_vgg")
    assert (names[0], names[-1], len(names)) == ("conv1", "conv6", FREEZE_UNITS["small_vgg"])


def test_depths_listed_for_other_architectures_are_checked_against_those() -> None:
    per_target = {
        "face_resnet": {"anchors": [{"kind": "tl_dmi", "freeze_depth": 15}]},
        "vgg16": {"anchors": [{"kind": "tl_dmi", "freeze_depth": 14}]},
    }
    message = refused(per_target=per_target)
    assert "per_target.vgg16.anchors.0.freeze_depth: 14 is no freeze depth of vgg16" in message
    assert "1 error" in message


def test_a_grid_of_a_range_is_refused() -> None:
    message = refused(defenses=[{"kind": "mid"}], search={"sampler": "grid"})
    assert "defenses.0.lambda_mid: sampler grid tries every value" in message
    assert "choice" in message


def test_a_grid_that_lists_nothing_for_this_t_is_refused() -> None:
    message = refused(
        defenses=[{"kind": "no_def"}],
        search={"sampler": "grid"},
        per_target={"vgg16": {"anchors": [{"kind": "mid"}]}},
    )
    assert "no value is listed for architecture face_resnet (listed: vgg16)" in message
