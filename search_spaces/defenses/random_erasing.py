"""Settings of random erasing (MIDRE): T never sees a whole training picture."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.defenses.part import DEFENSE_PARTS, PartSettings, Stage
from search_spaces.defenses.searched import Option, Searched
from search_spaces.domains import Uniform

Area = Annotated[float, Field(gt=0, lt=1)]
Level = Annotated[float, Field(ge=0, le=1)]


@DEFENSE_PARTS.register
class RandomErasing(PartSettings):
    """MIDRE: a square of random size and place is painted over in every training picture."""

    home: ClassVar[str | None] = "trainables.defenses.random_erasing"
    label: ClassVar[str] = "Random erasing"
    stage: ClassVar[Stage] = "pictures"

    kind: Literal["random_erasing"] = "random_erasing"
    largest_area: Annotated[
        Area, Searched(Uniform(uniform=(0.2, 0.8)), "largest erased area", "area up to")
    ] = 0.4
    """Largest share of the picture's area that is erased, a_h: 0.4 or 0.8 in the published configurations
    (TMLR 2025, arXiv 2409.01062)."""
    smallest_area: Annotated[Area, Option("smallest erased area", "area from")] = 0.1
    """Smallest share; the area is uniform between the two."""
    erase_probability: Annotated[
        float, Field(gt=0, le=1), Option("probability of erasing", "erased with p")
    ] = 1.0
    """Share of the pictures that are erased; 1, the published value, shows T no whole picture."""
    fill: Annotated[tuple[Level, Level, Level], Option("colour of the erased square", "fill {}")] = (
        0.7425,
        0.728,
        0.703,
    )
    """Red, green and blue of the square in [0, 1]. The published code paints .485, .456, .406 on pictures
    that are in [-1, 1] already: this light grey. A grey picture gets the mean of the three."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.smallest_area > self.largest_area:
            raise ValueError(
                f"smallest_area {self.smallest_area} is above largest_area {self.largest_area}; lower the "
                "one or raise the other"
            )
        return self
