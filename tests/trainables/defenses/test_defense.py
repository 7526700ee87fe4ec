"""The forward pass that defences share agrees with the model's own, whatever is frozen."""

import pytest
import torch

from search_spaces.targets import FREEZE_UNITS, TargetSettings
from trainables.defenses import REGISTRY
from trainables.defenses.defense import forward_from, plain_loss
from trainables.models import build_target


@pytest.mark.parametrize("architecture", sorted(FREEZE_UNITS))
def test_freezing_changes_no_value(architecture: str) -> None:
    model = build_target(TargetSettings(architecture=architecture), 3, 64, seed=0).eval()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model.forward_hidden(images)
    for depth in (0, 1, len(model.units)):
        found = forward_from(model, images, depth)
        pairs = zip([*found.hidden, found.logits], [*expected.hidden, expected.logits], strict=True)
        assert all(torch.equal(*pair) for pair in pairs)


@pytest.mark.parametrize("architecture", sorted(FREEZE_UNITS))
def test_hidden_layers_are_not_overwritten_by_later_layers(architecture: str) -> None:
    """In-place activations after a hidden layer would silently change what BiDO measures."""
    model = build_target(TargetSettings(architecture=architecture), 3, 64, seed=0).eval()
    seen = []
    for name in model.hidden_units:
        model.units[name].register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    hidden = forward_from(model, torch.rand(2, 3, 64, 64), 0).hidden
    assert len(seen) == len(hidden) - 1 == 4
    assert all(torch.equal(*pair) for pair in zip(seen, hidden, strict=False))


def test_no_graph_where_the_caller_wants_none() -> None:
    model = build_target(TargetSettings(architecture="small_vgg"), 3, 64, seed=0)
    with torch.no_grad():
        assert not forward_from(model, torch.rand(2, 3, 64, 64), 1).logits.requires_grad


def test_plain_loss_of_even_logits_is_the_logarithm_of_the_number_of_classes() -> None:
    loss = plain_loss(torch.zeros(5, 7), torch.arange(5))
    assert loss.total.exp().item() == pytest.approx(7)


def test_the_registry_knows_four_defences() -> None:
    assert set(REGISTRY) == {"no_def", "bido_hsic", "tl_dmi", "tl_dmi+bido_hsic"}
