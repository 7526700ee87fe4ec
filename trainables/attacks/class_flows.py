"""One normalising flow per attacked class, all of them computed side by side (couplings: zuko)."""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from search_spaces import seed_stream
from search_spaces.attacks import VMI


class ClassFlows:
    """Posteriors q_c(z) of C classes: z = f_c(noise), noise ~ N(0, I).

    Each f_c is a stack of affine couplings whose networks end in a layer of zeros, so every posterior starts
    as the prior N(0, I) itself. The flows start with the same weights and share none: ``parameters`` have a
    leading dimension of C, and no class's latents or gradients depend on another class. ``kept`` says which
    coordinates each coupling keeps, bool (z_dim,): a random half, then the other half, and so on.
    """

    def __init__(self, settings: VMI, classes: int, z_dim: int, like: Tensor) -> None:
        """Make C = ``classes`` flows of ``z_dim`` with the type and device of ``like``."""
        self.kept = _kept_coordinates(settings, z_dim)
        self._flow = _flow(settings, self.kept).to(like)
        self.parameters = {
            name: tensor.detach().expand(classes, *tensor.shape).clone().requires_grad_()
            for name, tensor in self._flow.named_parameters()
        }
        self._buffers = dict(self._flow.named_buffers())

    def __call__(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (C, S, z_dim) and log q_c of each (C, S) for ``noise`` (C, S, z_dim)."""
        latents, stretch = vmap(self._one_class)(self.parameters, noise)
        return latents, log_normal(noise) - stretch

    def _one_class(self, parameters: dict[str, Tensor], noise: Tensor) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = functional_call(self._flow, (parameters, self._buffers), (noise,))
        return result


def log_normal(latents: Tensor) -> Tensor:
    """Return log N(z; 0, I), (...,), of ``latents`` (..., z_dim).

    >>> round(log_normal(torch.zeros(1, 2)).item(), 4)  # -log(2 pi)
    -1.8379
    """
    return -0.5 * (latents.square().sum(-1) + latents.shape[-1] * math.log(2 * math.pi))


class _Couplings(nn.Module):
    """z = f(noise) and log |det df/dnoise|."""

    def __init__(self, couplings: list[nn.Module]) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(couplings)

    def forward(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (..., z_dim) and the log-determinants (...) at ``noise`` (..., z_dim)."""
        latents, stretch = noise, torch.zeros_like(noise[..., 0])
        for coupling in self.couplings:
            latents, log_det = coupling().call_and_ladj(latents)
            stretch = stretch + log_det
        return latents, stretch


def _flow(settings: VMI, kept: list[Tensor]) -> nn.Module:
    """Return the flow that every class starts from; the global generator is left as it was."""
    from zuko.flows import GeneralCouplingTransform

    couplings: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(settings.seed, "flow"))
        for keep in kept:
            coupling = GeneralCouplingTransform(
                len(keep), mask=keep, hidden_features=(settings.flow_width,) * 2, activation=nn.ELU
            )
            last = coupling.hyper[-1]
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            couplings.append(coupling)
    return _Couplings(couplings)


def _kept_coordinates(settings: VMI, z_dim: int) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "halves"))
    kept: list[Tensor] = []
    for number in range(settings.flows):
        half = torch.randperm(z_dim, generator=random) < (z_dim + 1) // 2
        kept.append(~kept[-1] if number % 2 else half)
    return kept
