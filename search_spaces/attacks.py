"""The attacks and their budgets. Budgets are fixed by the space: only the defender is searched."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class GMI(Settings):
    """GMI (white box): Nesterov steps on 100 x identity loss + WGAN prior; defaults: supplement Table 11."""

    kind: Literal["gmi"] = "gmi"
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
    micro_batch: Count = 64
    seed: int = 0


class BREPMI(Settings):
    """BREPMI (label only): boundary repulsion on growing spheres; defaults: the published configuration."""

    kind: Literal["brepmi"] = "brepmi"
    iterations: Count = 1000
    """Accepted steps at one radius before a row stops."""
    max_steps: Count = 20000
    """Attempted steps of a row, accepted or not: the cap that the published loop lacks."""
    restarts: Count = 1
    sphere_points: Count = 32
    initial_radius: Positive = 2.0
    radius_growth: Annotated[float, Field(gt=1)] = 1.3
    inside_to_grow: Count = 29
    """Sphere points (of ``sphere_points``) that must keep the label before the radius grows."""
    clip: Positive = 1.5
    initial_batch: Count = 256
    initial_draws: Count = 20000
    """Random latents tried to find a start for every class; classes never hit are reported."""
    query_budget: Count | None = None
    """Queries of T one row may spend after its start is found; nothing: only ``max_steps`` binds."""
    micro_batch: Count = 256
    seed: int = 0


AttackSettings = Annotated[GMI | BREPMI, Field(discriminator="kind")]
