"""A search space: which defences, attacks and seeds a sweep covers, and how it searches."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from search_spaces.architectures import ArchitectureName
from search_spaces.attacks import Access, WrittenAttack, beyond_access
from search_spaces.defenses import Defense, DefenseSpace
from search_spaces.pretraining import StartingWeights
from search_spaces.recipes import expanded
from search_spaces.settings import Settings

Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_+.-]{0,63}$")]

SEARCHED_TRIALS = 8
"""Configurations that a sampler tries when a space does not say how many."""


def _known_recipe(name: str) -> str:
    expanded({"recipe": name})
    return name


RecipeName = Annotated[str, AfterValidator(_known_recipe)]


def _renamed_access(value: Any) -> Any:  # noqa: ANN401  (a plain YAML value)
    if value == "label_only":
        raise ValueError("label_only is now written labels")
    return value


class SearchSettings(Settings):
    """How defender configurations are proposed."""

    trials: Count | None = None
    """Configurations to train and attack, No-Def and the anchors included; confirmation comes on top.
    Nothing: 8, or with ``sampler: grid`` all there are."""
    sampler: Literal["tpe", "random", "nsga2", "grid"] = "tpe"
    """``grid``: nothing is searched; No-Def, the anchors, then every value of every defence, in the order
    written. Values must then be countable: choices, whole numbers, ``freeze_depth: all``."""
    startup_trials: Annotated[int, Field(ge=0)] = 4
    round_size: Count = 2
    """Proposals made at once. A round is proposed only when the round before it has been told, so that
    proposals depend on the seed alone, not on the number of workers or on who finished first."""
    seed: int = 0


class Confirmation(Settings):
    """Re-runs of the configurations on the front with further seeds; the report's intervals use them."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"of"})

    further_seeds: Annotated[int, Field(ge=0, le=100)] = 1
    at_most: Annotated[int, Field(ge=0)] = 4
    """Configurations to confirm, No-Def always among them; spread along the front when it has more. Further
    seeds can move the front: then what is new on it is confirmed too, until so many are."""
    of: Literal["front", "all"] = "front"
    """Which configurations: those of the front, or all, those of the front first."""


class Control(Settings):
    """Control attacks on a T that knows nothing of the identities: their AttAcc should be at chance."""

    kinds: tuple[Literal["permuted_labels", "untrained"], ...] = ("permuted_labels", "untrained")


class PerTarget(Settings):
    """What a space says about one architecture of T, whose depths and weights another does not share."""

    anchors: tuple[Defense, ...] = ()
    """Tried after the space's own anchors. A freeze depth counts the units of this architecture."""
    pretrained: tuple[StartingWeights, ...] = ()
    """D_pretrain weights, or pre-trainings, under which everything is tried, the first ones first
    (``sampler: grid`` only); none: those of the setup."""
    recipes: dict[str, RecipeName] = Field(default_factory=dict)
    """Kind of defence -> the recipe it is trained with, where its paper trains otherwise than No-Def; values
    that the setup itself changes stay."""


class Space(Settings):
    """A named search space, as read from a YAML file."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"plugins"})

    name: Name
    description: str
    plugins: tuple[str, ...] = ()
    """Plugin files that define kinds of this space, relative to its file (see ``search_spaces.plugins``)."""
    setup: str = "orl_faces"
    """The data setup used when ``--data`` names no other."""
    defenses: Annotated[tuple[DefenseSpace, ...], Field(min_length=1)]
    anchors: tuple[Defense, ...] = ()
    """Configurations tried right after No-Def, before the sampler is asked."""
    per_target: dict[ArchitectureName, PerTarget] = Field(default_factory=dict)
    """Architecture of T -> its own anchors, D_pretrain weights and recipes."""
    attacks: tuple[WrittenAttack, ...]
    """None at all: targets are only trained and timed (``sampler: grid`` only: nothing to search for)."""
    access: Annotated[Access, BeforeValidator(_renamed_access)] = "white_box"
    """What T gives an attacker: ``white_box``, ``soft_labels`` or ``labels``; attacks that need more are
    refused."""
    attacked_classes: Count | None = None
    """Number of private classes attacked, the first ones; nothing: as the setup says."""
    search: SearchSettings = SearchSettings()
    confirmation: Confirmation = Confirmation()
    control: Control = Control()
    seed: int = 0
    """Seed of the search trials' training runs; confirmation uses seed + 1, seed + 2, ..."""

    @property
    def is_grid(self) -> bool:
        """Nothing is searched: the space is a list."""
        return self.search.sampler == "grid"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        errors = [*self._repeated_kinds(), *self._beyond_access(), *self._only_for_a_grid()]
        if errors:
            raise ValueError("; ".join(errors))
        return self

    def _repeated_kinds(self) -> Iterator[str]:
        for title, items in (("defenses", self.defenses), ("attacks", self.attacks)):
            kinds = [item.kind for item in items]
            repeated = sorted({kind for kind in kinds if kinds.count(kind) > 1})
            if repeated:
                yield f"{title}: each kind at most once, but repeated: {', '.join(repeated)}"

    def _beyond_access(self) -> Iterator[str]:
        beyond = beyond_access(self.attacks, self.access)
        if beyond:
            yield (
                f"attacks: {', '.join(beyond)} need more of T than access {self.access} gives; "
                "remove them or set access: white_box"
            )

    def _only_for_a_grid(self) -> Iterator[str]:
        if self.is_grid:
            return
        if not self.attacks:
            yield f"attacks: give at least one; only sampler grid can do without, not {self.search.sampler}"
        for architecture, own in self.per_target.items():
            if own.pretrained:
                yield (
                    f"per_target.{architecture}.pretrained: only sampler grid tries several D_pretrain "
                    f"weights, not {self.search.sampler}; set target.pretrained in the setup instead"
                )
