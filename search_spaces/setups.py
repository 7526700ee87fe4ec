"""A setup: data, target, generator, evaluators and attack budgets that belong together."""

from typing import Annotated, Any

from pydantic import Field

from search_spaces.attacks import AttackSettings
from search_spaces.datasets import DataSettings
from search_spaces.evaluation import EvaluatorSettings
from search_spaces.generators import GeneratorSettings
from search_spaces.image_quality import ImageQuality
from search_spaces.settings import Settings
from search_spaces.targets import TargetSettings


class Setup(Settings):
    """Everything of a sweep that is not searched and depends on the data."""

    name: str
    description: str
    data: DataSettings
    target: TargetSettings
    generator: GeneratorSettings
    evaluators: Annotated[tuple[EvaluatorSettings, ...], Field(min_length=1)]
    """The first evaluator gives the headline attack accuracy; the others are recorded beside it."""
    attack_budgets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Attack settings that this setup changes, by attack kind (budgets that fit its hardware)."""
    attacked_classes: Annotated[int, Field(ge=1)] | None = None
    """Number of private classes attacked, the first ones, unless the space says; nothing: all."""
    image_quality: ImageQuality = ImageQuality()
    kept_pictures: Annotated[int, Field(ge=1)] = 2000
    """Reconstructions of one attack that are kept as pictures, spread over the classes; all stay as rows."""


def with_budget(attack: AttackSettings, setup: Setup) -> AttackSettings:
    """Return ``attack`` with the budget of ``setup``; values that the space sets itself stay.

    Raises ``pydantic.ValidationError`` when the merged settings are invalid.
    """
    own = attack.model_dump(exclude_unset=True)
    return type(attack).model_validate({**setup.attack_budgets.get(attack.kind, {}), **own})
