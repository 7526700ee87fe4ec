"""Settings of MID."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.defenses.part import DEFENSE_PARTS, PartSettings, Stage
from search_spaces.defenses.searched import Option, Searched
from search_spaces.domains import LogUniform

Prediction = Literal["sampled", "mean"]


@DEFENSE_PARTS.register
class MID(PartSettings):
    """MID: a variational information bottleneck before the head; CE + lambda_mid KL."""

    home: ClassVar[str | None] = "trainables.defenses.mid"
    label: ClassVar[str] = "MID"
    stage: ClassVar[Stage] = "loss"
    slot: ClassVar[str | None] = "neck"
    curves: ClassVar[Mapping[str, str]] = {"kl": "KL"}

    kind: Literal["mid"] = "mid"
    lambda_mid: Annotated[float, Field(ge=0), Searched(LogUniform(log_uniform=(0.002, 0.05)), "λ")] = 0.003
    """Weight of the divergence; the default range spans the supplement's Table 3."""
    prediction: Annotated[Prediction, Option("prediction", "{} prediction")] = "sampled"
    """What T answers: one sample of its bottleneck (the published code, also under attack) or its mean."""
