"""Average pools of targets: those of torch, with a gradient that lies in rows."""

import pytest
import torch
from torch import nn

from search_spaces.architectures import ARCHITECTURES
from search_spaces.targets import Architecture, TargetSettings
from tests.fixtures.tiny_targets import CLASSES, smallest_resolution
from trainables.models import build_target
from trainables.models.average_pool import AveragePool, GradientInRows, use_average_pool


def test_it_pools_as_torch_does() -> None:
    pictures = torch.rand(2, 5, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(AveragePool(3, 2, 1)(pictures), nn.AvgPool2d(3, 2, 1)(pictures))


def test_a_gradient_that_lies_channels_last_comes_back_in_rows() -> None:
    pooled = torch.rand(2, 5, 4, 4, requires_grad=True)
    outward = torch.rand(2, 5, 4, 4).contiguous(memory_format=torch.channels_last)
    answer = GradientInRows.apply(pooled)
    assert torch.equal(answer, pooled)
    (gradient,) = torch.autograd.grad(answer, pooled, outward)
    assert gradient.is_contiguous()
    assert torch.equal(gradient, outward)


def test_pools_are_replaced_with_all_that_they_say() -> None:
    network = nn.Sequential(nn.AvgPool2d(2, 3, 1, ceil_mode=True, count_include_pad=False))
    pictures = torch.rand(1, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    before = network(pictures)
    use_average_pool(network)
    assert type(network[0]) is AveragePool
    assert torch.equal(network(pictures), before)


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
def test_no_target_pools_otherwise(architecture: Architecture) -> None:
    with torch.device("meta"):
        network = build_target(
            TargetSettings(architecture=architecture), CLASSES, smallest_resolution(architecture), seed=0
        )
    assert not [name for name, part in network.named_modules() if type(part) is nn.AvgPool2d]
