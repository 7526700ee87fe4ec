"""BREPMI: boundary repulsion from labels alone (Kahla et al., CVPR 2022)."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.attacks.attack import ATTACKS, Access, AttackSettings, Count, Positive


@ATTACKS.register
class BREPMI(AttackSettings):
    """BREPMI (labels only): boundary repulsion on growing spheres; defaults: the published configuration."""

    home: ClassVar[str | None] = "trainables.attacks.brepmi"
    label: ClassVar[str | None] = "BREP-MI"
    access: ClassVar[Access] = "labels"
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
    """Queries of T one row may spend after its start is found; ``None``: only ``max_steps`` binds."""

    @model_validator(mode="after")
    def _can_step_and_grow(self) -> Self:
        if self.inside_to_grow > self.sphere_points:
            raise ValueError(
                f"inside_to_grow {self.inside_to_grow} of sphere_points {self.sphere_points}: the radius "
                "would never grow; give both, the published rule is 29 of 32"
            )
        if self.query_budget is not None and self.query_budget <= self.sphere_points:
            raise ValueError(
                f"query_budget {self.query_budget}: one step costs {self.sphere_points + 1} queries "
                "(sphere_points + 1); give at least as many, or leave it out"
            )
        return self

    def images_per_class(self) -> int:
        """Return the pictures on the spheres of one radius; the walk after a growth is not counted."""
        return self.iterations * self.restarts * self.sphere_points

    def default_micro_batch(self, device_type: str) -> int:
        """Return the latents labelled at once: labels take less memory a row than gradients do."""
        return 4 * super().default_micro_batch(device_type)

    def scaled(self, factor: float) -> Self:
        """Return these settings with iterations, attempted steps and draws for a start cut alike.

        One batch is drawn at least.
        """
        cut, published = super().scaled(factor), self.published()
        return cut.model_copy(
            update={
                "max_steps": max(cut.iterations, round(factor * published.max_steps)),
                "initial_draws": max(cut.initial_batch, round(factor * published.initial_draws)),
            }
        )
