"""GMI: descent of latent points on T's loss and the critic's (Zhang et al., CVPR 2020)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.attacks.attack import ATTACKS, AttackSettings, Count, Positive


class LatentDescent(AttackSettings):
    """Nesterov steps on identity loss + WGAN prior in the latent space; defaults: supplement Table 11."""

    omitted_defaults: ClassVar[frozenset[str]] = AttackSettings.omitted_defaults | {"keep"}

    iterations: Count = 3000
    restarts: Count = 5
    learning_rate: Positive = 0.02
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    clip: Positive = 1.0
    """Bound of the latent after each step."""
    identity_weight: Annotated[float, Field(ge=0)] = 100.0
    prior_weight: Annotated[float, Field(ge=0)] = 1.0
    norm_batch: Positive = 60.0
    """The loss is the sum over rows divided by this: the published code takes means over 60 rows."""
    retire_after: Count | None = None
    """A row ends when T has given its class at least ``retire_confidence`` in this many iterations running
    (no part of GMI); ``None``: every row takes all ``iterations``."""
    retire_confidence: Annotated[float, Field(gt=0, le=1)] = 0.99
    keep: Literal["last", "surest"] = "last"
    """What a row returns: its last latent, as published, or the one of which T was surest."""

    @property
    def needs_critic(self) -> bool:
        """Whether the prior loss, minus the critic's score, has a weight."""
        return self.prior_weight > 0


@ATTACKS.register
class GMI(LatentDescent):
    """GMI (white box): descent of 100 x identity loss + WGAN prior from random latents."""

    home: ClassVar[str | None] = "trainables.attacks.gmi"
    kind: Literal["gmi"] = "gmi"
