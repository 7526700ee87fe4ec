"""What an attacker has: T, a prior, public pictures, and a place to keep what it makes of this T."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from search_spaces.attacks import AttackSettings
from search_spaces.settings import Settings
from trainables.generators import Prior
from trainables.models.target_model import TargetModel
from trainables.storage.checkpoint import NOTHING_KEPT, Progress

Tensors = dict[str, Tensor]


class Keep(Protocol):
    """Gives the pieces that belong to one T (an inversion-specific GAN, students, p_reg)."""

    def __call__(self, settings: Settings, build: Callable[[], Tensors]) -> Tensors:
        """Return what ``build`` makes of these ``settings``; a store builds it once for each T.

        The settings of the attack name the piece in ``target_pieces``.
        """


def build_anew(settings: Settings, build: Callable[[], Tensors]) -> Tensors:
    """Return what ``build`` makes, each time anew."""
    return build()


@dataclass(frozen=True)
class Attacker:
    """Everything an attack may use; what it must not change: parameters, buffers and modes of T and prior."""

    target: TargetModel
    prior: Prior
    public: Tensor
    """uint8 (N, C, S, S): D_pub."""
    keep: Keep = build_anew
    progress: Progress = NOTHING_KEPT
    """Where the inversion keeps what it has done so far."""

    def searched_space(self, settings: AttackSettings) -> str:
        """Return the space of the prior's latents that an attack of ``settings`` searches.

        Raises ``ValueError`` when the prior has none that fits.
        """
        space = settings.space_among(self.prior.spaces)
        if space is None:
            raise ValueError(
                f"attack {settings.kind} searches the space {settings.latent_space or settings.spaces} of "
                f"latents, its prior has {', '.join(self.prior.spaces)}"
            )
        return space
