"""A setup: data, target, generator, evaluators and attack budgets that belong together."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from search_spaces.attacks import ATTACKS, AttackSettings, WrittenAttack
from search_spaces.datasets import AnyDataset
from search_spaces.evaluation import AnyEvaluator
from search_spaces.image_quality import ImageQuality
from search_spaces.priors import PRIORS, AnyPrior, PriorSettings
from search_spaces.registry import NamedSettings
from search_spaces.setting_errors import InvalidSpace
from search_spaces.settings import AS_WRITTEN, Settings
from search_spaces.targets import TargetSettings


def _with_kinds(named: Any) -> Any:  # noqa: ANN401  (plain YAML values)
    """Return settings by name, each with its kind, which is its name unless it says."""
    if not isinstance(named, dict):
        return named
    return {
        name: {"kind": name, **value} if isinstance(value, dict) else value for name, value in named.items()
    }


class Setup(Settings):
    """Everything of a sweep that is not searched and depends on the data."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"budget_factor", "plugins"})

    name: str
    description: str
    plugins: tuple[str, ...] = ()
    """Plugin files that define kinds of this setup, relative to its file."""
    data: AnyDataset
    target: Annotated[TargetSettings, AS_WRITTEN]
    priors: Annotated[
        dict[str, AnyPrior], BeforeValidator(_with_kinds), NamedSettings(PRIORS), Field(min_length=1)
    ]
    """The priors that attacks may name; of what kind one is, is its name unless it says."""
    evaluators: Annotated[tuple[AnyEvaluator, ...], Field(min_length=1)]
    """The first evaluator gives the headline attack accuracy; the others are recorded beside it."""
    budget_factor: Annotated[float, Field(gt=0)] | None = None
    """The share of the published work that every attack does here (see ``AttackSettings.scaled``): it sets
    the iterations of those that neither the space nor ``attack_budgets`` gives any. ``None``: each attack's
    published iterations, whatever its restarts."""
    attack_budgets: Annotated[
        dict[str, WrittenAttack], BeforeValidator(_with_kinds), NamedSettings(ATTACKS, only_kinds=True)
    ] = Field(default_factory=dict)
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

    @model_validator(mode="after")
    def _budgets_under_their_kind(self) -> Self:
        for name, budget in self.attack_budgets.items():
            if budget.kind != name:
                raise ValueError(
                    f"attack_budgets.{name} says kind {budget.kind}; write it under {budget.kind}"
                )
        return self

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
    budget = setup.attack_budgets.get(attack.kind)
    given = {**_written(budget), **_written(attack)}
    settings = type(attack).model_validate(given)
    if setup.budget_factor is None:
        return settings
    scaled = settings.scaled(setup.budget_factor)
    return type(attack).model_validate({**_written(scaled), **given})


def _written(attack: AttackSettings | None) -> dict[str, Any]:
    return {} if attack is None else {name: getattr(attack, name) for name in attack.model_fields_set}
