"""A linear generator: mean picture plus principal components of the public pictures.

Source: Turk and Pentland, "Eigenfaces for recognition", 1991; as a generative model it is probabilistic PCA
(Tipping and Bishop 1999) without noise. On a few hundred public photographs it is the only generator that
does not have to be learnt, and it costs almost nothing in an attack.
"""

import math

import torch
from torch import Tensor, nn

CLAMPED_STD = 0.7187
"""Standard deviation of a standard normal number clamped to [-1, 1].

Attacks clamp latents to +-1; dividing by it lets clamped latents vary as much as the pictures do.
"""


class EigenfaceGenerator(nn.Module):
    """x = clamp(mean + z B, 0, 1) with the scaled components B (z_dim, C S S)."""

    mean: Tensor
    components: nn.Parameter

    def __init__(self, z_dim: int, channels: int, resolution: int) -> None:
        super().__init__()
        self.shape = (channels, resolution, resolution)
        self.mean = nn.Parameter(torch.zeros(math.prod(self.shape)))
        self.components = nn.Parameter(torch.zeros(z_dim, math.prod(self.shape)))

    def forward(self, latents: Tensor) -> Tensor:
        """Return pictures (B, C, S, S) in [0, 1] of ``latents`` (B, z_dim)."""
        flat = torch.addmm(self.mean, latents, self.components)
        return flat.clamp(0, 1).view(-1, *self.shape)


def eigenfaces(public: Tensor, z_dim: int) -> dict[str, Tensor]:
    """Return the state of ``EigenfaceGenerator`` for uint8 pictures (N, C, S, S) and their mirror images.

    Components come by falling variance; where there are fewer than ``z_dim``, the others are zero. Their
    signs are fixed (largest value positive), so that they do not depend on the linear algebra library.
    """
    pictures = torch.cat([public, public.flip(-1)]).flatten(1).double() / 255
    mean = pictures.mean(0)
    variances, directions = _principal(pictures - mean)
    kept = min(z_dim, len(variances))
    components = torch.zeros(z_dim, pictures.shape[1], dtype=torch.float64)
    components[:kept] = directions[:kept] * variances[:kept, None].sqrt() / CLAMPED_STD
    return {"mean": mean.float(), "components": components.float()}


def _principal(centred: Tensor) -> tuple[Tensor, Tensor]:
    """Return variances (k,), falling, and unit directions (k, D) of the rows of ``centred`` (N, D)."""
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    above_rounding = singular > singular[0] * 1e-9
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    variances = singular.square() / len(centred)
    return variances[above_rounding], (directions * largest.sign())[above_rounding]
