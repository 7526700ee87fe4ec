"""A toy inversion problem whose answers are planted: class c of T is the picture of a latent of the prior.

The prior is a GAN on N(0, I), or one that has no z and no critic: its latents are matrices w around a centre,
and its pictures are twice as large as T's input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from search_spaces.priors import PriorSettings
from trainables.attacks.attacker import Attacker
from trainables.attacks.rows import to_uint8
from trainables.generators import GANPrior, Prior
from trainables.generators.preprocessing import to_target
from trainables.models.target_model import TargetModel, TargetOutput

Z_DIM, SIZE, CLASSES = 6, 4, 8
SHARPNESS = 12.0
PUBLIC = 64
"""Public pictures."""


class PlantedTarget(TargetModel):
    """Logits fall with the distance to the planted pictures, behind a convolution and a BatchNorm."""

    def __init__(self, planted: Tensor) -> None:
        super().__init__()
        convolution, norm = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)
        self.first = nn.Sequential(convolution, norm)
        norm.load_state_dict(
            {"running_mean": torch.tensor([0.3, -0.2]), "running_var": torch.tensor([0.8, 1.7])}, strict=False
        )
        self.head = nn.Linear(2 * SIZE * SIZE + 1, len(planted))
        self.eval()
        with torch.no_grad():
            convolution.weight.copy_(torch.tensor([1.0, -1.5]).view(2, 1, 1, 1))
            features = self.first(planted).flatten(1)
            self.head.weight.copy_(SHARPNESS * torch.cat([2 * features, -torch.ones(len(planted), 1)], 1))
            self.head.bias.copy_(-SHARPNESS * features.square().sum(1))
        self.train()  # attacks must switch to eval mode themselves, and leave this flag alone

    def forward(self, images: Tensor) -> TargetOutput:
        """Return feature and logits of ``images`` (B, 1, 4, 4): -SHARPNESS * squared distance, linear in
        the feature because that ends with its own squared length."""
        flat = self.first(images).flatten(1)
        feature = torch.cat([flat, flat.square().sum(1, keepdim=True)], 1)
        return TargetOutput(feature, self.head(feature))


class WPriorSettings(PriorSettings):
    """Settings of ``WPrior``."""

    spaces: ClassVar[tuple[str, ...]] = ("w",)
    kind: Literal["toy_w"] = "toy_w"
    resolution: int = 2 * SIZE


class _FromW(nn.Module):
    """Latents w (B, 2, Z_DIM / 2) to pictures of twice the side."""

    def __init__(self, generator: nn.Module, centre: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.centre = nn.Parameter(centre, requires_grad=False)
        self.spread = nn.Parameter(spread, requires_grad=False)

    def forward(self, latents: Tensor) -> Tensor:
        """Return pictures (B, 1, 8, 8)."""
        small: Tensor = self.generator(((latents - self.centre) / self.spread).flatten(1))
        return small.repeat_interleave(2, 2).repeat_interleave(2, 3)


class WPrior(Prior):
    """A prior without z and critic, whose pictures T is shown resized."""

    spaces: ClassVar[tuple[str, ...]] = ("w",)

    def __init__(self, generator: nn.Module) -> None:
        steps = torch.linspace(0.8, 1.2, Z_DIM).view(2, -1)
        self.generator = _FromW(generator, 3 * steps, steps)
        self.to_target = to_target(WPriorSettings(), SIZE)

    def decoder(self, space: str) -> nn.Module:
        """Return the network from w."""
        return {"w": self.generator}[space]

    def latent_shape(self, space: str) -> tuple[int, ...]:
        """Return (2, Z_DIM / 2)."""
        return {"w": (2, Z_DIM // 2)}[space]

    def sample(self, count: int, random: torch.Generator, space: str) -> Tensor:
        """Return normal latents around the centre."""
        noise = torch.randn(count, *self.latent_shape(space), generator=random)
        return self.generator.centre.float() + self.generator.spread.float() * noise

    def clamp(self, latents: Tensor, bound: float, space: str) -> Tensor:
        """Return the latents moved to within ``bound`` standard deviations of the centre."""
        centre, reach = self.generator.centre, bound * self.generator.spread
        return latents.clamp(centre - reach, centre + reach)

    def networks(self) -> Mapping[str, nn.Module]:
        """Return the generator."""
        return {"generator": self.generator}


@dataclass
class PlantedProblem:
    """T, the prior, the planted pictures (8, 1, 4, 4), and public ones, random pictures of the prior."""

    target: PlantedTarget
    prior: Prior
    planted: Tensor
    public: Tensor

    def attacker(self) -> Attacker:
        """Return an attacker of this problem."""
        return Attacker(self.target, self.prior, self.public)

    def recognised(self, images: Tensor) -> Tensor:
        """Return the class whose planted picture is nearest to each 8-bit image, int64 (B,)."""
        flat = images.double().flatten(1) / 255
        return torch.cdist(flat, self.planted.double().flatten(1)).argmin(1)


def planted_problem(
    seed: int = 0, dtype: torch.dtype = torch.float32, space: Literal["z", "w"] = "z"
) -> PlantedProblem:
    """Return the toy problem of this seed; parameters do not touch the global generator's state.

    ``space`` ``z``: the prior is a GAN; ``w``: it has neither z nor critic, and pictures of another size.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator = _generator()
        critic = nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, 1), nn.Flatten(0))
        with torch.no_grad():
            planted = generator(torch.rand(CLASSES, Z_DIM) * 2 - 1)
            public = to_uint8(generator(torch.randn(PUBLIC, Z_DIM)))
        target = PlantedTarget(planted)
    networks = generator.to(dtype), critic.to(dtype)
    prior = GANPrior(*networks, Z_DIM) if space == "z" else WPrior(generator)
    prior.generator.to(dtype)
    return PlantedProblem(target.to(dtype), prior, planted.to(dtype), public)


def _generator() -> nn.Module:
    mix = nn.Linear(Z_DIM, SIZE * SIZE)
    nn.init.normal_(mix.weight, std=0.8)
    return nn.Sequential(mix, nn.Unflatten(1, (1, SIZE, SIZE)), nn.Sigmoid()).eval().requires_grad_(False)
