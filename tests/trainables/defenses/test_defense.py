"""What all losses share, and that hidden layers are what BiDO takes them for."""

import pytest
import torch

from search_spaces.defenses import (
    MID,
    TLDMI,
    TLDMIMID,
    BiDOCOCO,
    BiDOHSIC,
    DefenseSettings,
    LayerWise,
    NoDef,
    TLDMIBiDOCOCO,
    TLDMIBiDOHSIC,
)
from search_spaces.targets import Architecture
from tests.contracts.defense_contract import CLASSES, DATA, fresh_target
from tests.fixtures.tiny_targets import every_architecture, tiny_pictures, tiny_target
from trainables.defenses import REGISTRY, build_defense
from trainables.defenses.defense import plain_loss
from trainables.models.suffix import Suffix
from trainables.training.accuracy import unit_range


@pytest.mark.parametrize("architecture", every_architecture())
def test_freezing_changes_no_value(architecture: Architecture) -> None:
    model, images = tiny_target(architecture, NoDef()).eval(), tiny_pictures(architecture)
    expected = model.forward_hidden(images)
    build_defense(TLDMI(freeze_depth=len(model.units))).prepare(model)
    found = model.forward_hidden(images)
    pairs = zip([*found.hidden, found.logits], [*expected.hidden, expected.logits], strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("architecture", every_architecture())
def test_hidden_layers_are_not_overwritten_by_later_layers(architecture: Architecture) -> None:
    """In-place activations after a hidden layer would silently change what BiDO measures."""
    model, seen = tiny_target(architecture, NoDef()).eval(), []
    for name in model.hidden_units:
        model.units[name].register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    hidden = model.forward_hidden(tiny_pictures(architecture)).hidden
    assert len(seen) == len(hidden) - 1 == len(model.hidden_units) >= 4
    assert all(torch.equal(*pair) for pair in zip(seen, hidden, strict=False))


FROM_PREFIX = (
    NoDef(),
    MID(),
    TLDMI(freeze_depth=3),
    LayerWise(trainable=("last",)),
    TLDMIMID(freeze_depth=3),
)


@pytest.mark.parametrize("settings", FROM_PREFIX, ids=lambda settings: settings.kind)
def test_a_loss_from_the_prefix_is_the_loss_from_the_pictures(settings: DefenseSettings) -> None:
    """T as a whole gets pictures; the rest of T gets the output of the first three units."""
    model, defense = fresh_target(settings), build_defense(settings)
    defense.prepare(model)
    images, labels = unit_range(DATA.private_train.images), DATA.private_train.labels
    activations = model.normalise(images)
    for unit in list(model.units.values())[:3]:
        activations = unit(activations)
    totals = []
    for network, given in ((model, images), (Suffix(model, 3), activations)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            totals.append(defense.loss(network, given, labels, CLASSES).total.item())
    assert totals[0] == totals[1]


def test_losses_with_hidden_layers_need_the_pictures() -> None:
    alone = {settings.kind for settings in FROM_PREFIX}
    assert all(build_defense(settings).from_prefix for settings in FROM_PREFIX)
    others = (BiDOHSIC(), BiDOCOCO(), TLDMIBiDOHSIC(freeze_depth=3), TLDMIBiDOCOCO(freeze_depth=3))
    assert not any(build_defense(settings).from_prefix for settings in others)
    assert alone | {settings.kind for settings in others} == set(REGISTRY)


def test_plain_loss_of_even_logits_is_the_logarithm_of_the_number_of_classes() -> None:
    loss = plain_loss(torch.zeros(5, 7), torch.arange(5))
    assert loss.total.exp().item() == pytest.approx(7)


def test_the_registry_knows_nine_defences() -> None:
    alone = {"no_def", "mid", "bido_hsic", "bido_coco", "tl_dmi", "layer_wise"}
    assert set(REGISTRY) == alone | {"tl_dmi+mid", "tl_dmi+bido_hsic", "tl_dmi+bido_coco"}
