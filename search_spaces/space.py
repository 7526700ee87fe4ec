"""A search space: which defences, attacks and seeds a sweep covers, and how it searches."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from search_spaces.attacks import AttackSettings
from search_spaces.defenses import DefenseSettings, DefenseSpace
from search_spaces.settings import Settings

Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_+.-]{0,63}$")]


class SearchSettings(Settings):
    """How defender configurations are proposed."""

    trials: Count = 8
    """Configurations to train and attack, No-Def and the anchors included; confirmation comes on top."""
    sampler: Literal["tpe", "random", "nsga2"] = "tpe"
    startup_trials: Annotated[int, Field(ge=0)] = 4
    round_size: Count = 2
    """Proposals made at once. A round is proposed only when the round before it has been told, so that
    proposals depend on the seed alone, not on the number of workers or on who finished first."""
    seed: int = 0


class Confirmation(Settings):
    """Re-runs of the configurations on the front with further seeds; the report's intervals use them."""

    further_seeds: Annotated[int, Field(ge=0, le=100)] = 1
    at_most: Annotated[int, Field(ge=0)] = 4
    """Configurations to confirm, No-Def always among them; spread along the front when it has more."""


class Control(Settings):
    """Control attacks on a T that knows nothing of the identities: their AttAcc should be at chance."""

    kinds: tuple[Literal["permuted_labels", "untrained"], ...] = ("permuted_labels",)


class Space(Settings):
    """A named search space, as read from a YAML file."""

    name: Name
    description: str
    setup: str = "orl_faces"
    """The data setup used when ``--data`` names no other."""
    defenses: Annotated[tuple[DefenseSpace, ...], Field(min_length=1)]
    anchors: tuple[DefenseSettings, ...] = ()
    """Configurations tried right after No-Def, before the sampler is asked."""
    attacks: Annotated[tuple[AttackSettings, ...], Field(min_length=1)]
    attacked_classes: Count | None = None
    """Number of private classes attacked, the first ones; nothing: all."""
    search: SearchSettings = SearchSettings()
    confirmation: Confirmation = Confirmation()
    control: Control = Control()
    seed: int = 0
    """Seed of the search trials' training runs; confirmation uses seed + 1, seed + 2, ..."""

    @model_validator(mode="after")
    def _kinds_once(self) -> Self:
        for title, rooms in (("defenses", self.defenses), ("attacks", self.attacks)):
            kinds = [room.kind for room in rooms]
            repeated = sorted({kind for kind in kinds if kinds.count(kind) > 1})
            if repeated:
                raise ValueError(f"{title}: each kind at most once, but repeated: {', '.join(repeated)}")
        return self
