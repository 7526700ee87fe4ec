"""What all losses share, and that hidden layers are what BiDO takes them for."""

import pytest
import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from search_spaces.targets import Architecture
from tests.fixtures.tiny_targets import every_architecture, tiny_pictures, tiny_target
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, fresh_target
from trainables.defenses import build_defense
from trainables.models.suffix import Suffix
from trainables.objective import plain_loss
from trainables.training.accuracy import unit_range


@pytest.mark.parametrize("architecture", every_architecture())
def test_freezing_changes_no_value(architecture: Architecture) -> None:
    model, images = tiny_target(architecture, Defense()).eval(), tiny_pictures(architecture)
    expected = model.trace(images, True)
    build_defense(Defense.of(TLDMI(freeze_depth=len(model.units))), 0).prepare(model)
    found = model.trace(images, True)
    pairs = zip([*found.hidden, found.logits], [*expected.hidden, expected.logits], strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("architecture", every_architecture())
def test_hidden_layers_are_not_overwritten_by_later_layers(architecture: Architecture) -> None:
    """In-place activations after a hidden layer would silently change what BiDO measures."""
    model, seen = tiny_target(architecture, Defense()).eval(), []
    for name in model.hidden_units:
        model.units[name].register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    hidden = model.trace(tiny_pictures(architecture), True).hidden
    assert len(seen) == len(hidden) - 1 == len(model.hidden_units) >= 4
    assert all(torch.equal(*pair) for pair in zip(seen, hidden, strict=False))


FROM_PREFIX = (
    Defense(),
    Defense.of(MID()),
    Defense.of(TLDMI(freeze_depth=3)),
    Defense.of(LayerWise(trainable=("last",))),
    Defense.of(TLDMI(freeze_depth=3), MID()),
)


@pytest.mark.parametrize("settings", FROM_PREFIX, ids=lambda settings: settings.kind)
def test_a_loss_from_the_prefix_is_the_loss_from_the_pictures(settings: Defense) -> None:
    """T as a whole gets pictures; the rest of T gets the output of the first three units."""
    model, defense = fresh_target(settings), build_defense(settings, 3)
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
    assert all(build_defense(settings, 3).cacheable_prefix for settings in FROM_PREFIX)
    others = (
        Defense.of(BiDOHSIC()),
        Defense.of(BiDOCOCO()),
        Defense.of(TLDMI(freeze_depth=3), BiDOHSIC()),
        Defense.of(TLDMI(freeze_depth=3), BiDOCOCO()),
    )
    assert not any(build_defense(settings, 3).cacheable_prefix for settings in others)


def test_plain_loss_of_even_logits_is_the_logarithm_of_the_number_of_classes() -> None:
    loss = plain_loss(torch.zeros(5, 7), torch.arange(5))
    assert loss.total.exp().item() == pytest.approx(7)
