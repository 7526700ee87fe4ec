"""What is worth knowing before a sweep starts: frozen layers that are random."""

import pytest

from orchestrator.checks.remarks import remarks
from results.statistics.fitness import FREEZES_RANDOM
from search_spaces import Sweep, load_setup, load_space
from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.random_erasing import RandomErasing
from search_spaces.pretraining import Pretraining
from search_spaces.targets import TargetSettings
from search_spaces.variants import with_pretrained
from tests.orchestrator.small_sweeps import small_space


def sweep(architecture: str = "small_vgg", pretrained: Pretraining | None = None, **space: object) -> Sweep:
    target = TargetSettings(architecture=architecture, pretrained=pretrained)
    setup = load_setup("drawn_persons").model_copy(update={"target": target})
    return Sweep(space=small_space(**space), setup=setup)


def test_defences_that_freeze_random_layers_are_named() -> None:
    (found,) = remarks(sweep())
    assert found.startswith(f"TL-DMI, TL-DMI + BiDO-HSIC: {FREEZES_RANDOM}; set target.pretrained")


def test_listed_defences_are_named_too() -> None:
    anchors = [{"kind": "layer_wise", "trainable": ["first"]}, {"kind": "tl_dmi", "freeze_depth": 2}]
    own = sweep(defenses=[{"kind": "no_def"}, {"kind": "bido_hsic"}], anchors=anchors)
    (found,) = remarks(own)
    assert found.startswith("Layer-wise, TL-DMI: T starts")


def test_the_low_shot_network_of_the_paper_started_so_too() -> None:
    assert remarks(sweep("resnet34")) == ()


def test_a_pre_training_is_a_start() -> None:
    assert remarks(sweep(pretrained=Pretraining(name="near"))) == ()


def test_nothing_is_said_where_nothing_freezes() -> None:
    assert remarks(sweep(defenses=[{"kind": "no_def"}, {"kind": "bido_hsic"}])) == ()


@pytest.mark.parametrize("setup", ["celeba", "facescrub", "stanford_dogs", "vggface2", "orl_faces"])
def test_setups_with_weights_need_no_remark(setup: str) -> None:
    own = load_setup(setup)
    assert (own.target.pretrained is None) is bool(
        remarks(Sweep(space=load_space("bido_vs_tldmi"), setup=own))
    )


@pytest.mark.parametrize(
    ("defense", "random"),
    [
        (Defense(), False),
        (Defense.of(TLDMI(freeze_depth=0)), False),
        (Defense.of(TLDMI(freeze_depth=1)), True),
        (Defense.of(LayerWise(trainable=("last",)), RandomErasing()), True),
        (Defense.of(RandomErasing()), False),
    ],
)
def test_a_t_knows_whether_it_keeps_random_layers(defense: Defense, random: bool) -> None:
    own = sweep()
    assert own.trial(defense, 0).target.freezes_random_layers is random
    near = with_pretrained(own.setup.target, Pretraining(name="near"))
    assert not own.trial(defense, 0, target=near).target.freezes_random_layers
