"""A setup: data, target, generator, evaluators and attack budgets that belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from search_spaces.attacks import ATTACKS, AttackSettings
from search_spaces.datasets import AnyDataset
from search_spaces.evaluation import AnyEvaluator
from search_spaces.image_quality import ImageQuality
from search_spaces.priors import AnyPrior, PriorSettings
from search_spaces.setting_errors import InvalidSpace, SettingError, did_you_mean, setting_errors
from search_spaces.settings import Settings
from search_spaces.targets import TargetSettings


def _with_kinds(priors: Any) -> Any:  # noqa: ANN401  (plain YAML values)
    if not isinstance(priors, dict):
        return priors
    return {
        name: {"kind": name, **value} if isinstance(value, dict) else value for name, value in priors.items()
    }


class Setup(Settings):
    """Everything of a sweep that is not searched and depends on the data."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"budget_factor", "plugins"})

    name: str
    description: str
    plugins: tuple[str, ...] = ()
    """Plugin files that define kinds of this setup, relative to its file."""
    data: AnyDataset
    target: TargetSettings
    priors: Annotated[dict[str, AnyPrior], BeforeValidator(_with_kinds), Field(min_length=1)]
    """The priors that attacks may name; of what kind one is, is its name unless it says."""
    evaluators: Annotated[tuple[AnyEvaluator, ...], Field(min_length=1)]
    """The first evaluator gives the headline attack accuracy; the others are recorded beside it."""
    budget_factor: Annotated[float, Field(gt=0)] | None = None
    """The share of the published work that every attack does here (see ``AttackSettings.scaled``): it sets
    the iterations of those that neither the space nor ``attack_budgets`` gives any. ``None``: each attack's
    published iterations, whatever its restarts."""
    attack_budgets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Attack settings that this setup changes, by attack kind."""
    attacked_classes: Annotated[int, Field(ge=1)] | None = None
    """Number of private classes attacked, the first ones, unless the space says; ``None``: all."""
    image_quality: ImageQuality = ImageQuality()
    kept_pictures: Annotated[int, Field(ge=1)] = 2000
    """Reconstructions of one attack that are kept as pictures, spread over the classes; all stay as rows."""

    @model_validator(mode="before")
    @classmethod
    def _renamed_generator(cls, values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
        if isinstance(values, dict) and "generator" in values and "priors" not in values:
            raise ValueError(
                "generator is now written priors, a mapping of names to priors, as in "
                "priors: {wgan_gp: {width: 64}}"
            )
        return values

    def prior_of(self, attack: AttackSettings) -> PriorSettings:
        """Return the prior that ``attack`` names. Raises ``InvalidSpace`` when there is none of that name."""
        if attack.prior not in self.priors:
            raise InvalidSpace(
                f"setup {self.name}: attack {attack.kind} needs the prior {attack.prior!r}, but priors has "
                f"only {', '.join(self.priors)}; add it, or set attacks.{attack.kind}.prior"
            )
        return self.priors[attack.prior]


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
