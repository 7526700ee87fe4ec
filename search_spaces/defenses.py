"""How T is trained: the defences, their parameters, and what a sweep may search in them."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.domains import Choice, Integers, LogUniform, Uniform
from search_spaces.settings import Settings

FrozenBN = Literal["train", "eval"]
"""What a frozen BatchNorm does: ``train`` re-estimates its statistics on D_priv (the paper's code)."""

Weight = Annotated[float, Field(ge=0)]
Depth = Annotated[int, Field(ge=0)]


class NoDef(Settings):
    """Cross-entropy on all layers, from the D_pretrain weights."""

    kind: Literal["no_def"] = "no_def"


class BiDOHSIC(Settings):
    """BiDO with HSIC: CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers."""

    kind: Literal["bido_hsic"] = "bido_hsic"
    lambda_x: Weight = 0.05
    lambda_y: Weight = 0.5


class TLDMI(Settings):
    """TL-DMI: the first ``freeze_depth`` units of T stay at their D_pretrain weights."""

    kind: Literal["tl_dmi"] = "tl_dmi"
    freeze_depth: Depth
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOHSIC(Settings):
    """TL-DMI and BiDO with HSIC together; terms of frozen layers carry no gradient."""

    kind: Literal["tl_dmi+bido_hsic"] = "tl_dmi+bido_hsic"
    freeze_depth: Depth
    lambda_x: Weight = 0.05
    lambda_y: Weight = 0.4
    frozen_bn: FrozenBN = "train"


DefenseSettings = Annotated[NoDef | BiDOHSIC | TLDMI | TLDMIBiDOHSIC, Field(discriminator="kind")]

AllDepths = Literal["all"]
"""``freeze_depth: all`` searches every depth of T, from 1 to its number of units."""


class NoDefSpace(Settings):
    """No defence has nothing to search: it is the anchor that every sweep tries first."""

    kind: Literal["no_def"] = "no_def"


class BiDOHSICSpace(Settings):
    """Ranges of BiDO-HSIC; ``lambda_y`` is searched as its ratio to ``lambda_x`` (the paper's E.1)."""

    kind: Literal["bido_hsic"] = "bido_hsic"
    lambda_x: LogUniform | Uniform | Choice = LogUniform(log_uniform=(0.01, 0.2))
    lambda_y_ratio: LogUniform | Uniform | Choice = Uniform(uniform=(5.0, 50.0))


class TLDMISpace(Settings):
    """Ranges of TL-DMI."""

    kind: Literal["tl_dmi"] = "tl_dmi"
    freeze_depth: Integers | Choice | AllDepths = "all"
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOHSICSpace(Settings):
    """Ranges of TL-DMI with BiDO-HSIC."""

    kind: Literal["tl_dmi+bido_hsic"] = "tl_dmi+bido_hsic"
    freeze_depth: Integers | Choice | AllDepths = "all"
    lambda_x: LogUniform | Uniform | Choice = LogUniform(log_uniform=(0.01, 0.2))
    lambda_y_ratio: LogUniform | Uniform | Choice = Uniform(uniform=(5.0, 50.0))
    frozen_bn: FrozenBN = "train"


DefenseSpace = Annotated[
    NoDefSpace | BiDOHSICSpace | TLDMISpace | TLDMIBiDOHSICSpace, Field(discriminator="kind")
]
