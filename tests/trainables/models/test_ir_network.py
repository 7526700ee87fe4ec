"""IR networks: the unit against its layers written out, picture sizes, and the judge IR-SE50."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainables.models.ir_network import IRSE50, IRTarget, IRUnit, SqueezeExcitation

TINY = (1, 1, 1, 1)


def used(unit: IRUnit) -> IRUnit:
    """Return ``unit`` in eval mode, float64, with statistics and slopes that are not the initial ones."""
    generator = torch.Generator().manual_seed(0)
    for tensor in unit.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1)
    return unit.double().eval()


@pytest.mark.parametrize(("after", "stride"), [(16, 1), (16, 2), (32, 2)])
@pytest.mark.parametrize("side", [7, 8])
def test_unit_is_the_published_one(after: int, stride: int, side: int) -> None:
    """BatchNorm, convolution, PReLU, strided convolution, BatchNorm; plus a pooled or projected shortcut."""
    unit = used(IRUnit(16, after, stride, squeeze=False))
    pictures = torch.randn(2, 16, side, side, dtype=torch.float64)
    state = unit.state_dict()

    def norm(activations: Tensor, name: str) -> Tensor:
        names = (f"{name}.{part}" for part in ("running_mean", "running_var", "weight", "bias"))
        mean, variance, weight, bias = (state[each][:, None, None] for each in names)
        return (activations - mean) / (variance + 1e-5).sqrt() * weight + bias

    inner = F.conv2d(norm(pictures, "residual.0"), state["residual.1.weight"], padding=1)
    slopes = state["residual.2.weight"][:, None, None]
    inner = inner.clamp(min=0) + slopes * inner.clamp(max=0)
    residual = norm(F.conv2d(inner, state["residual.3.weight"], stride=stride, padding=1), "residual.4")
    if after == 16:
        shortcut = F.max_pool2d(pictures, 1, stride)
    else:
        shortcut = norm(F.conv2d(pictures, state["shortcut.0.weight"], stride=stride), "shortcut.1")
    torch.testing.assert_close(unit(pictures), residual + shortcut)


def test_squeeze_and_excitation_scales_channels_by_their_means() -> None:
    layer = SqueezeExcitation(32).double()
    pictures = torch.randn(3, 32, 5, 4, dtype=torch.float64)
    first, second = layer.fc1.weight[:, :, 0, 0], layer.fc2.weight[:, :, 0, 0]
    for picture, found in zip(pictures, layer(pictures), strict=True):
        scales = torch.sigmoid(second @ (first @ picture.mean((1, 2))).clamp(min=0))
        torch.testing.assert_close(found, picture * scales[:, None, None])


@pytest.mark.parametrize("resolution", [16, 20, 33])
def test_any_size_of_picture_is_taken(resolution: int) -> None:
    model = IRTarget(3, TINY, resolution).eval()
    assert model(torch.rand(1, 3, resolution, resolution)).logits.shape == (1, 3)


def test_pictures_go_in_as_they_are() -> None:
    pictures = torch.rand(1, 3, 16, 16)
    assert torch.equal(IRTarget(3, TINY, 16).normalise(pictures), pictures)


@pytest.fixture(scope="module")
def judge() -> IRSE50:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return IRSE50(5, 16, decoder=False).eval()


def test_ir_se50_sees_blue_first(judge: IRSE50) -> None:
    pictures = torch.rand(2, 3, 16, 16)
    blue, green, red = judge.normalise(pictures).unbind(1)
    for seen, given in ((blue, 2), (green, 1), (red, 0)):
        torch.testing.assert_close(seen, 2 * pictures[:, given] - 1)


def test_ir_se50_scores_by_squared_distance_to_prototypes(judge: IRSE50) -> None:
    prototypes = torch.randn(5, 512)
    judge.set_prototypes(prototypes)
    with torch.no_grad():
        feature, logits = judge(torch.rand(3, 3, 16, 16))
    torch.testing.assert_close(feature.norm(dim=1), torch.ones(3))
    expected = -(feature[:, None] - prototypes).square().sum(2)
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-5)
