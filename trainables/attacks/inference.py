"""Networks made ready to be attacked: a private copy, eval mode, no weight gradients, BatchNorm folded."""

import copy
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from trainables.attacks.winograd import use_winograd
from trainables.models.target_model import TargetModel

Module = TypeVar("Module", bound=nn.Module)


class Engine(Protocol):
    """How networks are computed."""

    @property
    def mixed_precision(self) -> bool:
        """Whether in bfloat16."""

    @property
    def compile(self) -> bool:
        """Whether by the compiler of torch."""

    @property
    def direct_convolution(self) -> bool:
        """Whether without Winograd's algorithm."""


class LowPrecision(nn.Module):
    """Computes ``network`` in bfloat16 and returns the type of its input, so that losses stay exact."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Any:  # noqa: ANN401  (what the network returns)
        """Return the output of the network, a tensor or a named tuple of tensors."""
        with torch.autocast(inputs.device.type, torch.bfloat16):
            output = self.network(inputs)
        if isinstance(output, Tensor):
            return output.to(inputs.dtype)
        return type(output)(*(part.to(inputs.dtype) for part in output))


def inference_copy(module: Module, engine: Engine | None = None) -> Module:
    """Return a copy of ``module`` that computes its eval-mode function faster; the original stays as it is.

    Weights need no gradient (a third of the work of a step), each BatchNorm right behind a convolution or
    linear layer of an ``nn.Sequential`` is folded into it (equal up to rounding), and 4-d weights are laid
    out channels last, which is what the CPU's and GPU's convolutions are fastest with. Wide 3x3 convolutions
    in float32 on a CPU take Winograd's algorithm (equal up to rounding). ``engine`` may ask for less
    precision and for the compiler, which both compute every convolution directly, or for that alone.
    """
    ready = copy.deepcopy(module).eval().requires_grad_(False)
    for part in ready.modules():
        if isinstance(part, nn.Sequential):
            _fold_batch_norm(part)
    ready.to(memory_format=torch.channels_last)
    if not _wants_direct_convolution(engine):
        use_winograd(ready)
    if engine is not None and engine.compile:
        ready.compile()
    low = engine is not None and engine.mixed_precision
    return cast(Module, LowPrecision(ready)) if low else ready


def _wants_direct_convolution(engine: Engine | None) -> bool:
    return engine is not None and (engine.direct_convolution or engine.compile or engine.mixed_precision)


def answers_of(target: TargetModel, engine: Engine | None = None) -> Callable[[Tensor], Tensor]:
    """Return the function from images in [0, 1] (B, C, S, S) to the logits (B, K) that T answers.

    They are what the output-side parts of its defence make of them: all that is seen below white box.
    """
    ready = inference_copy(target, engine)
    return lambda images: target.answered(ready(images).logits, images)


def full_precision(module: nn.Module) -> nn.Module:
    """Return the network inside an inference copy of low precision, else ``module`` itself."""
    return module.network if isinstance(module, LowPrecision) else module


def latent_like(generator: nn.Module) -> Tensor:
    """Return a tensor with the type and device that latents of ``generator`` must have."""
    parameter: Tensor = next(generator.parameters())
    return parameter


def _fold_batch_norm(layers: nn.Sequential) -> None:
    for position in range(len(layers) - 1):
        folded = _folded(layers[position], layers[position + 1])
        if folded is not None:
            layers[position], layers[position + 1] = folded, nn.Identity().eval()


def _folded(layer: nn.Module, norm: nn.Module) -> nn.Module | None:
    # Exact types: a parametrised layer is a subclass whose weight is computed anew in every forward pass.
    if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.running_mean is None:
        return None
    if type(layer) is nn.Conv2d:
        return fuse_conv_bn_eval(layer, norm)
    if type(layer) is nn.ConvTranspose2d:
        return fuse_conv_bn_eval(layer, norm, transpose=True)
    if type(layer) is nn.Linear:
        return fuse_linear_bn_eval(layer, norm)
    return None
