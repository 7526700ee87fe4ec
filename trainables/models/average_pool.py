"""Average pooling whose gradient is right in every memory layout."""

from typing import cast

import torch
from torch import Tensor, nn


class AveragePool(nn.AvgPool2d):
    """``nn.AvgPool2d``, computed on a GPU in rows and columns alone.

    There torch 2.11 gives a wrong gradient, without a word, when the pictures lie channels last and the
    gradient of the output does not (seen in MaxViT).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means of ``input`` (B, C, H, W)."""
        if not input.is_cuda:
            return super().forward(input)
        pooled = super().forward(input.contiguous())
        return cast(Tensor, GradientInRows.apply(pooled))


class GradientInRows(torch.autograd.Function):
    """The identity, whose gradient lies in rows and columns whatever layout it comes in."""

    @staticmethod
    def forward(ctx: object, pooled: Tensor) -> Tensor:
        """Return ``pooled``."""
        return pooled.view_as(pooled)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        """Return the gradient, laid out anew."""
        return gradients[0].contiguous()


def use_average_pool(network: nn.Module) -> None:
    """Replace each ``nn.AvgPool2d`` inside ``network``, which may be another library's, by ours."""
    for part in network.modules():
        for name, pool in part.named_children():
            if type(pool) is nn.AvgPool2d:
                ours = AveragePool(pool.kernel_size, pool.stride, pool.padding)
                ours.ceil_mode, ours.count_include_pad = pool.ceil_mode, pool.count_include_pad
                setattr(part, name, ours)
