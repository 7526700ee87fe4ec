"""3x3 convolutions with 2.25 times fewer multiplications: Winograd's F(2x2, 3x3) (Lavin and Gray, CVPR 2016).

A tile of 2 x 2 outputs costs 16 products of channels instead of 36. What goes in and out of the products are
sums and differences alone, so that the rounding error is of the size of a direct convolution's. Weights
are fixed: there is a gradient to the input only.
"""

from collections.abc import Sequence
from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

LEAST_CHANNELS = 256
"""Below it, on a CPU, the sums take the time that the products save."""
LEAST_SIDE = 4
"""Smaller maps lie mostly in the border, where a direct convolution has less to multiply."""
LEAST_TILES = 8
"""With fewer tiles the time goes into reading the weights, of which there are 16/9 as many."""
TILES_AT_ONCE = 512
"""More do not fit into a CPU's cache, fewer read the weights too often."""

AS_IS = (0, 1, 2, 3)
FLIPPED = (3, 1, 2, 0)
"""Order in which the four transformed taps of a flipped kernel are those of the kernel itself."""


def use_winograd(network: nn.Module) -> None:
    """Replace each convolution inside ``network`` that ``suits_winograd`` by its ``WinogradConv2d``."""
    for part in list(network.modules()):
        for name, layer in part.named_children():
            if suits_winograd(layer):
                setattr(part, name, WinogradConv2d(layer))


class WinogradConv2d(nn.Module):
    """What ``convolution`` computes, faster; see ``suits_winograd`` for which ones, ``pays`` for when."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.direct = convolution
        self.transformed = nn.Parameter(transformed_weight(convolution.weight), requires_grad=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, K, H, W) of ``maps`` (B, C, H, W)."""
        if not pays(maps.shape):
            direct: Tensor = self.direct(maps)
            return direct
        return winograd_conv2d(maps, self.transformed, self.direct.bias)


def suits_winograd(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Return whether ``layer`` is a wide 3x3 convolution of stride 1 and padding 1, in float32 on a CPU.

    >>> suits_winograd(nn.Conv2d(256, 512, 3, padding=1)), suits_winograd(nn.Conv2d(64, 64, 3, padding=1))
    (True, False)
    """
    # The exact type: a parametrised layer is a subclass whose weight is computed anew in every forward pass.
    if type(layer) is not nn.Conv2d or layer.padding_mode != "zeros" or layer.groups != 1:
        return False
    shape = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    weight = layer.weight
    return (
        shape == ((3, 3), (1, 1), (1, 1), (1, 1))
        and min(weight.shape[:2]) >= LEAST_CHANNELS
        and weight.dtype == torch.float32
        and weight.device.type == "cpu"
    )


def pays(shape: Sequence[int]) -> bool:
    """Return whether maps of ``shape`` (B, C, H, W) are large enough, alone and together.

    >>> pays((2, 512, 4, 4)), pays((1, 512, 4, 4)), pays((64, 512, 2, 2))
    (True, False, False)
    """
    batch, _, height, width = shape
    return min(height, width) >= LEAST_SIDE and batch * _half(height) * _half(width) >= LEAST_TILES


def transformed_weight(weight: Tensor) -> Tensor:
    """Return G w G' (16, C, K) of ``weight`` (K, C, 3, 3), computed in float64 and rounded once."""
    taps = weight.new_tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], dtype=torch.float64)
    exact = torch.einsum("ai,bj,kcij->abck", taps, taps, weight.detach().double())
    return exact.flatten(0, 1).to(weight.dtype).contiguous()


def winograd_conv2d(maps: Tensor, transformed: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return the convolution (B, K, H, W) of ``maps`` (B, C, H, W), padded by 1; channels last.

    ``transformed`` (16, C, K): the ``transformed_weight``; ``bias`` (K,). Differentiable once, by ``maps``.
    """
    result: Tensor = _Convolution.apply(maps, transformed, bias)
    return result


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, transformed: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401
        """Return the convolution and keep nothing but the weights."""
        ctx.transformed = transformed
        return _convolved(maps, transformed, bias, AS_IS)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        """Return the gradient of the maps: a convolution again, with kernels flipped, channels exchanged."""
        return _convolved(gradient, ctx.transformed.transpose(1, 2), None, FLIPPED), None, None


def _convolved(maps: Tensor, weight: Tensor, bias: Tensor | None, order: tuple[int, ...]) -> Tensor:
    batch, _, height, width = maps.shape
    down, across = _half(height), _half(width)
    border = (0, 0, 1, 2 * across + 1 - width, 1, 2 * down + 1 - height)
    padded = F.pad(maps.permute(0, 2, 3, 1), border)
    shape = (batch, weight.shape[2], 2 * down, 2 * across)
    result = torch.empty(shape, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last)
    part = max(1, TILES_AT_ONCE // (down * across))
    tiles = result.permute(0, 2, 3, 1).view(batch, down, 2, across, 2, -1)
    for inputs, outputs in zip(torch.split(padded, part), torch.split(tiles, part), strict=True):
        _convolve_part(inputs, weight, bias, order, outputs)
    if result.shape[2:] == maps.shape[2:]:
        return result  # no view of it, which layers behind could not change in place
    return result[:, :, :height, :width].contiguous(memory_format=torch.channels_last)


def _convolve_part(
    padded: Tensor, weight: Tensor, bias: Tensor | None, order: tuple[int, ...], tiles: Tensor
) -> None:
    """Write the convolution of ``padded`` (B, 2d + 2, 2a + 2, C) into ``tiles`` (B, d, 2, a, 2, K)."""
    batch, down, _, across, _, width = tiles.shape
    channels = padded.shape[3]
    by_row = padded.new_empty(4, batch, down, 2 * across + 2, channels)
    _into_products([padded[:, tap : tap + 2 * down : 2] for tap in range(4)], by_row, order)
    factors = padded.new_empty(4, 4, batch, down, across, channels)
    columns = [by_row[..., tap : tap + 2 * across : 2, :] for tap in range(4)]
    _into_products(columns, factors.transpose(0, 1), order)
    products = torch.bmm(factors.view(16, -1, channels), weight)
    if bias is not None:
        products[5] += bias  # position (1, 1) is added to all four outputs of a tile
    halfway = padded.new_empty(2, 4, batch, down, across, width)
    _out_of_products(products.view(4, 4, batch, down, across, width), halfway, order)
    _out_of_products(halfway.transpose(0, 1), tiles.permute(4, 2, 0, 1, 3, 5), order)


def _into_products(taps: Sequence[Tensor], out: Tensor, order: tuple[int, ...]) -> None:
    """Write B' d, (4, ...), of the four entries d of each tile along one axis."""
    first, second, third, fourth = (out[position] for position in order)
    torch.sub(taps[0], taps[2], out=first)
    torch.add(taps[1], taps[2], out=second)
    torch.sub(taps[2], taps[1], out=third)
    torch.sub(taps[1], taps[3], out=fourth)


def _out_of_products(products: Tensor, out: Tensor, order: tuple[int, ...]) -> None:
    """Write A' m, (2, ...), of the four ``products`` m of each tile along one axis."""
    first, second, third, fourth = (products[position] for position in order)
    torch.add(first, second, out=out[0]).add_(third)
    torch.sub(second, third, out=out[1]).sub_(fourth)


def _half(side: int) -> int:
    return (side + 1) // 2
