"""Winograd's convolution is the convolution: same numbers, same gradient, no larger error, row by row."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_spaces.attacks import GMI
from trainables.attacks.inference import inference_copy
from trainables.attacks.winograd import (
    FLIPPED,
    LEAST_CHANNELS,
    TILES_AT_ONCE,
    WinogradConv2d,
    pays,
    suits_winograd,
    transformed_weight,
    winograd_conv2d,
)

SIDES = [(4, 4), (8, 8), (5, 8), (8, 7), (13, 9), (1, 1)]
WIDE = LEAST_CHANNELS


def _problem(
    sides: tuple[int, int],
    dtype: torch.dtype = torch.float64,
    batch: int = 3,
    channels: int = 6,
    out: int = 5,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return maps (batch, channels, *sides), weight (out, channels, 3, 3) and bias (out,)."""
    stream = torch.Generator().manual_seed(0)
    shapes = ((batch, channels, *sides), (out, channels, 3, 3), (out,))
    maps, weight, bias = (torch.randn(shape, generator=stream, dtype=torch.float64) for shape in shapes)
    return maps.to(dtype), (weight / (9 * channels) ** 0.5).to(dtype), bias.to(dtype)


def _gradient(maps: Tensor, result: Tensor) -> Tensor:
    """Return the gradient, by ``maps``, of a weighted sum whose weights are different everywhere."""
    stream = torch.Generator().manual_seed(1)
    weights = torch.randn(result.shape, generator=stream, dtype=torch.float64).to(result.dtype)
    return torch.autograd.grad(result, maps, weights)[0]


@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("sides", SIDES)
def test_is_the_convolution_in_float64(sides: tuple[int, int], with_bias: bool) -> None:
    maps, weight, bias = _problem(sides)
    free, offset = maps.requires_grad_(), bias if with_bias else None
    expected = F.conv2d(free, weight, offset, padding=1)
    result = winograd_conv2d(free, transformed_weight(weight), offset)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(_gradient(free, result), _gradient(free, expected), rtol=0, atol=1e-10)


def test_the_gradient_is_that_of_finite_differences() -> None:
    maps, weight, bias = _problem((4, 5), batch=2, channels=2, out=3)
    transformed = transformed_weight(weight)
    assert torch.autograd.gradcheck(
        lambda free: winograd_conv2d(free, transformed, bias), maps.requires_grad_()
    )


def test_there_is_no_second_derivative_in_silence() -> None:
    maps, weight, _ = _problem((4, 4))
    result = winograd_conv2d(maps.requires_grad_(), transformed_weight(weight))
    (first,) = torch.autograd.grad(result.square().sum(), maps, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_memory_format_of_what_comes_in_does_not_matter() -> None:
    maps, weight, bias = _problem((8, 8))
    transformed = transformed_weight(weight)
    plain = winograd_conv2d(maps, transformed, bias)
    other = winograd_conv2d(maps.to(memory_format=torch.channels_last), transformed, bias)
    assert torch.equal(plain, other)
    assert other.is_contiguous(memory_format=torch.channels_last)


def test_the_float32_error_is_of_the_size_of_a_direct_convolutions() -> None:
    maps, weight, bias = _problem((8, 8), torch.float32, batch=4, channels=WIDE, out=WIDE)
    free = maps.requires_grad_()
    exact = F.conv2d(free.double(), weight.double(), bias.double(), padding=1)
    direct = F.conv2d(free, weight, bias, padding=1)
    fast = winograd_conv2d(free, transformed_weight(weight), bias)
    wanted = _gradient(free, exact)
    for name, expected, slow_error, fast_error in (
        ("output", exact, direct - exact, fast - exact),
        ("gradient", wanted, _gradient(free, direct) - wanted, _gradient(free, fast) - wanted),
    ):
        assert fast_error.norm() < 1e-6 * expected.norm(), name
        assert fast_error.norm() < 4 * slow_error.norm(), name  # which differs between processors


@pytest.mark.parametrize("batch", [1, 7, TILES_AT_ONCE // 16, TILES_AT_ONCE // 16 + 5])
def test_rows_do_not_depend_on_their_company(batch: int) -> None:
    maps, weight, bias = _problem((8, 8), batch=TILES_AT_ONCE // 16 + 5)
    transformed = transformed_weight(weight)
    whole = winograd_conv2d(maps, transformed, bias)
    parts = torch.cat([winograd_conv2d(part, transformed, bias) for part in maps.split(batch)])
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-13)


def test_a_flipped_kernel_has_the_same_transformed_taps_in_another_order() -> None:
    _, weight, _ = _problem((4, 4))
    positions = transformed_weight(weight).view(4, 4, 6, 5)
    flipped = transformed_weight(weight.flip(2, 3)).view(4, 4, 6, 5)
    torch.testing.assert_close(flipped, positions[list(FLIPPED)][:, list(FLIPPED)], rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("layer", "suits"),
    [
        (nn.Conv2d(WIDE, WIDE, 3, padding=1), True),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, bias=False), True),
        (nn.Conv2d(WIDE, WIDE - 1, 3, padding=1), False),
        (nn.Conv2d(WIDE - 1, WIDE, 3, padding=1), False),
        (nn.Conv2d(WIDE, WIDE, 3), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding="same"), False),
        (nn.Conv2d(WIDE, WIDE, 3, 2, padding=1), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, dilation=2), False),
        (nn.Conv2d(WIDE, WIDE, 5, padding=1), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, groups=WIDE), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, padding_mode="reflect"), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, dtype=torch.float64), False),
        (nn.Conv2d(WIDE, WIDE, 3, padding=1, device="meta"), False),
        (nn.Linear(WIDE, WIDE), False),
    ],
)
def test_which_layers_suit(layer: nn.Module, suits: bool) -> None:
    assert suits_winograd(layer) is suits


def _wide_network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, WIDE, 3, padding=1), nn.BatchNorm2d(WIDE), nn.ReLU(inplace=True),
            nn.Conv2d(WIDE, WIDE, 3, padding=1), nn.BatchNorm2d(WIDE), nn.ReLU(inplace=True), nn.Flatten(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "count"),
    [
        (None, 1),
        (GMI(), 1),
        (GMI(direct_convolution=True), 0),
        (GMI(mixed_precision=True), 0),
        (GMI(compile=True), 0),
    ],
)
def test_the_copy_for_an_attack_takes_it_unless_asked_not_to(
    monkeypatch: pytest.MonkeyPatch, engine: GMI | None, count: int
) -> None:
    monkeypatch.setattr(nn.Module, "compile", lambda module: None)
    ready = inference_copy(_wide_network(), engine)
    assert sum(isinstance(part, WinogradConv2d) for part in ready.modules()) == count
    assert not any(parameter.requires_grad for parameter in ready.parameters())


@pytest.mark.parametrize(("batch", "side"), [(8, 8), (2, 7), (1, 4), (3, 2)])
def test_the_copy_computes_the_same_where_it_pays_and_where_it_does_not(batch: int, side: int) -> None:
    network = _wide_network().eval()
    stream = torch.Generator().manual_seed(0)
    pictures = torch.rand(batch, 3, side, side, generator=stream).requires_grad_()
    assert pays((batch, WIDE, side, side)) == (side > 4)
    expected, result = network(pictures), inference_copy(network)(pictures)
    torch.testing.assert_close(result, expected)
    torch.testing.assert_close(_gradient(pictures, result), _gradient(pictures, expected))


def test_it_works_where_autograd_is_off_and_with_no_picture_at_all() -> None:
    """As label-only attacks and evaluations compute."""
    ready = inference_copy(_wide_network())
    pictures = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        off = ready(pictures)
        assert ready(pictures[:0]).shape == (0, off.shape[1])
    assert torch.equal(off, ready(pictures))


def test_attacks_do_not_record_it_unless_it_is_used() -> None:
    assert "direct_convolution" not in GMI().model_dump()
    assert GMI(direct_convolution=True).model_dump()["direct_convolution"] is True
