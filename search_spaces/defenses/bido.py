"""Settings of BiDO, one part for each dependence measure."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.defenses.part import DEFENSE_PARTS, PartSettings, Stage
from search_spaces.defenses.searched import RatioTo, Searched
from search_spaces.domains import LogUniform, Uniform

Weight = Annotated[float, Field(ge=0)]
RATIO = RatioTo("lambda_x", Uniform(uniform=(5.0, 50.0)), "λy")
"""``lambda_y`` is searched as its ratio to ``lambda_x`` (the paper's E.1)."""


class BiDO(PartSettings):
    """Settings shared by BiDO under any dependence measure."""

    home: ClassVar[str | None] = "trainables.defenses.bido"
    stage: ClassVar[Stage] = "loss"
    slot: ClassVar[str | None] = "dependence"
    curves: ClassVar[Mapping[str, str]] = {
        "dependence_x": "Dependence on x",
        "dependence_y": "Dependence on y",
    }


@DEFENSE_PARTS.register
class BiDOHSIC(BiDO):
    """BiDO with HSIC: CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers."""

    label: ClassVar[str] = "BiDO-HSIC"

    kind: Literal["bido_hsic"] = "bido_hsic"
    lambda_x: Annotated[Weight, Searched(LogUniform(log_uniform=(0.01, 0.2)), "λx")] = 0.05
    """Weight of the dependence on the picture."""
    lambda_y: Annotated[Weight, RATIO] = 0.5
    """Weight of the dependence on the label, which is maximised."""


@DEFENSE_PARTS.register
class BiDOCOCO(BiDO):
    """BiDO with COCO as the dependence measure (Frobenius norm, as the published code)."""

    label: ClassVar[str] = "BiDO-COCO"

    kind: Literal["bido_coco"] = "bido_coco"
    lambda_x: Annotated[Weight, Searched(LogUniform(log_uniform=(1.0, 20.0)), "λx")] = 5.0
    """Weight of the dependence on the picture; COCO is about a hundredth of HSIC (supplement, Table 12)."""
    lambda_y: Annotated[Weight, RATIO] = 50.0
    """Weight of the dependence on the label, which is maximised."""
