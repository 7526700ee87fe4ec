"""Targets on networks of torchvision and timm compute what those do, and refuse what they cannot take."""

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from trainables.models import UnusableResolution, build_network
from trainables.models.inception import InceptionV3
from trainables.models.target_model import TargetModel
from trainables.weights.published_names import own_state


def used(network: nn.Module) -> nn.Module:
    """Return ``network`` in eval mode with statistics of BatchNorm that are not the initial ones."""
    generator = torch.Generator().manual_seed(3)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return network.eval()


def with_weights_of(network: nn.Module, model: TargetModel, architecture: str) -> TargetModel:
    state = own_state(architecture, network.state_dict())
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert set(missing) <= {"mean", "std"}
    assert unexpected == []
    return model.eval()


def assert_same(architecture: str, network: nn.Module, pictures: Tensor) -> None:
    size = pictures.shape[-1]
    model = with_weights_of(network, build_network(architecture, 5, size), architecture)
    with torch.no_grad():
        torch.testing.assert_close(model(pictures).logits, network(2 * pictures - 1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ["resnet18", pytest.param("resnet50", marks=pytest.mark.slow)])
def test_resnets(architecture: str) -> None:
    network = used(torchvision.models.get_model(architecture, num_classes=5))
    assert_same(architecture, network, torch.rand(2, 3, 40, 40))


@pytest.mark.slow
def test_resnest() -> None:
    assert_same("resnest101", used(timm.create_model("resnest101e", num_classes=5)), torch.rand(1, 3, 64, 64))


@pytest.mark.slow
def test_maxvit() -> None:
    network = used(torchvision.models.maxvit_t(num_classes=5))
    assert_same("maxvit", network, torch.rand(1, 3, 224, 224))


@pytest.mark.parametrize("resolution", [32, 100])
def test_maxvit_refuses_sizes_that_its_windows_do_not_divide(resolution: int) -> None:
    with pytest.raises(UnusableResolution, match=f"not {resolution}"):
        build_network("maxvit", 5, resolution)


def test_vgg_refuses_pictures_that_vanish() -> None:
    with pytest.raises(UnusableResolution, match="32 pixels or more, not 31"):
        build_network("vgg16", 5, 31)


@pytest.mark.slow
def test_inception_with_the_normalisation_of_ppa() -> None:
    """PPA gives torchvision's network [-1, 1], which it transforms as if normalised for ImageNet."""
    network = used(torchvision.models.inception_v3(init_weights=False, transform_input=True))
    model = with_weights_of(network, InceptionV3(1000), "inception_v3")
    pictures = torch.rand(2, 3, 80, 80)
    with torch.no_grad():
        torch.testing.assert_close(model(pictures).logits, network(2 * pictures - 1), atol=1e-4, rtol=1e-4)


def test_the_auxiliary_head_of_inception_is_kept_but_not_trained() -> None:
    with torch.device("meta"):
        model = InceptionV3(7)
    assert model.theta_t - model.theta_c == sum(each.numel() for each in model.aux.parameters()) > 3_000_000
