"""A setup: data, target, generator, evaluators and attack budgets that belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError

from search_spaces.attacks import ATTACKS, AttackSettings
from search_spaces.datasets import AnyDataset
from search_spaces.evaluation import AnyEvaluator
from search_spaces.generators import GeneratorSettings
from search_spaces.image_quality import ImageQuality
from search_spaces.setting_errors import SettingError, did_you_mean, setting_errors
from search_spaces.settings import Settings
from search_spaces.targets import TargetSettings


class Setup(Settings):
    """Everything of a sweep that is not searched and depends on the data."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"budget_factor", "plugins"})

    name: str
    description: str
    plugins: tuple[str, ...] = ()
    """Plugin files that define kinds of this setup, relative to its file."""
    data: AnyDataset
    target: TargetSettings
    generator: GeneratorSettings
    evaluators: Annotated[tuple[AnyEvaluator, ...], Field(min_length=1)]
    """The first evaluator gives the headline attack accuracy; the others are recorded beside it."""
    budget_factor: Annotated[float, Field(gt=0)] | None = None
    """The share of the published work that every attack does here (see ``AttackSettings.scaled``): it sets
    the iterations of those that neither the space nor ``attack_budgets`` gives any. Nothing: each attack's
    published iterations, whatever its restarts."""
    attack_budgets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Attack settings that this setup changes, by attack kind."""
    attacked_classes: Annotated[int, Field(ge=1)] | None = None
    """Number of private classes attacked, the first ones, unless the space says; nothing: all."""
    image_quality: ImageQuality = ImageQuality()
    kept_pictures: Annotated[int, Field(ge=1)] = 2000
    """Reconstructions of one attack that are kept as pictures, spread over the classes; all stay as rows."""


def with_budget(attack: AttackSettings, setup: Setup) -> AttackSettings:
    """Return ``attack`` with the budget of ``setup``; values that the space sets itself stay.

    The setup's own values win over what its factor comes to.

    Raises ``pydantic.ValidationError`` when the merged settings are invalid.
    """
    own = attack.model_dump(exclude_unset=True)
    given = {**setup.attack_budgets.get(attack.kind, {}), **own}
    settings = type(attack).model_validate(given)
    if setup.budget_factor is None:
        return settings
    scaled = settings.scaled(setup.budget_factor).model_dump(exclude_unset=True)
    return type(attack).model_validate({**scaled, **given})


def budget_errors(budgets: Mapping[str, Mapping[str, Any]]) -> Iterator[SettingError]:
    """Yield what is wrong with the ``attack_budgets`` of a setup, those of attacks that a space lacks too."""
    for kind, budget in budgets.items():
        where = f"attack_budgets.{kind}"
        if kind not in ATTACKS:
            yield SettingError(
                where,
                f"no attack {kind!r}; there are {', '.join(ATTACKS.kinds)}."
                f"{did_you_mean(kind, ATTACKS.kinds)}",
            )
            continue
        try:
            ATTACKS[kind].model_validate(budget)
        except ValidationError as error:
            for one in setting_errors(error, ATTACKS[kind]):
                yield replace(one, where=f"{where}.{one.where}" if one.where else where)
