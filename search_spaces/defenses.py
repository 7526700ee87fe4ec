"""How T is trained: the defences, their parameters, and what a sweep may search in them."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from search_spaces.domains import Choice, Integers, LogUniform, Uniform, one_of
from search_spaces.settings import Settings

FrozenBN = Literal["train", "eval"]
"""What a frozen BatchNorm does: ``train`` re-estimates its statistics on D_priv (the paper's code)."""

Prediction = Literal["sampled", "mean"]
"""What T of MID answers: one sample of its bottleneck (the published code, also under attack) or its mean."""

Weight = Annotated[float, Field(ge=0)]
Depth = Annotated[int, Field(ge=0)]
UnitGroup = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.]+(\.\.[A-Za-z0-9_.]+)?$")]
"""``first``, ``middle``, ``last`` (thirds of T's units), a unit's name, or ``NAME..NAME``, both included."""


class NoDef(Settings):
    """Cross-entropy on all layers, from the D_pretrain weights."""

    kind: Literal["no_def"] = "no_def"


class MID(Settings):
    """MID: a variational information bottleneck before the head; CE + lambda_mid KL."""

    kind: Literal["mid"] = "mid"
    lambda_mid: Weight = 0.003
    prediction: Prediction = "sampled"


class BiDOHSIC(Settings):
    """BiDO with HSIC: CE + sum_j (lambda_x d(z_j, x) - lambda_y d(z_j, y)) over the hidden layers."""

    kind: Literal["bido_hsic"] = "bido_hsic"
    lambda_x: Weight = 0.05
    lambda_y: Weight = 0.5


class BiDOCOCO(Settings):
    """BiDO with COCO as the dependence measure (Frobenius norm, as the published code)."""

    kind: Literal["bido_coco"] = "bido_coco"
    lambda_x: Weight = 5.0
    lambda_y: Weight = 50.0


class TLDMI(Settings):
    """TL-DMI: the first ``freeze_depth`` units of T stay at their D_pretrain weights."""

    kind: Literal["tl_dmi"] = "tl_dmi"
    freeze_depth: Depth
    frozen_bn: FrozenBN = "train"


class LayerWise(Settings):
    """Only the units of ``trainable``, the neck and the head are trained (supplement B.2, Fig. 3)."""

    kind: Literal["layer_wise"] = "layer_wise"
    trainable: Annotated[tuple[UnitGroup, ...], Field(min_length=1)]
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOHSIC(Settings):
    """TL-DMI and BiDO with HSIC together; terms of frozen layers carry no gradient."""

    kind: Literal["tl_dmi+bido_hsic"] = "tl_dmi+bido_hsic"
    freeze_depth: Depth
    lambda_x: Weight = 0.05
    lambda_y: Weight = 0.4
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOCOCO(Settings):
    """TL-DMI and BiDO with COCO together."""

    kind: Literal["tl_dmi+bido_coco"] = "tl_dmi+bido_coco"
    freeze_depth: Depth
    lambda_x: Weight = 5.0
    lambda_y: Weight = 50.0
    frozen_bn: FrozenBN = "train"


class TLDMIMID(Settings):
    """TL-DMI and MID together."""

    kind: Literal["tl_dmi+mid"] = "tl_dmi+mid"
    freeze_depth: Depth
    lambda_mid: Weight = 0.003
    prediction: Prediction = "sampled"
    frozen_bn: FrozenBN = "train"


DefenseSettings = Annotated[
    NoDef | MID | BiDOHSIC | BiDOCOCO | TLDMI | LayerWise | TLDMIBiDOHSIC | TLDMIBiDOCOCO | TLDMIMID,
    Field(discriminator="kind"),
]

AllDepths = Literal["all"]
"""``freeze_depth: all`` searches every depth of T, from 1 to its number of units."""

Depths = Annotated[
    Annotated[AllDepths, Tag("all")]
    | Annotated[Integers, Tag("integers")]
    | Annotated[Choice, Tag("choice")],
    one_of(("all", "integers", "choice")),
]
Range = Annotated[
    Annotated[LogUniform, Tag("log_uniform")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Choice, Tag("choice")],
    one_of(("log_uniform", "uniform", "choice")),
]


class NoDefSpace(Settings):
    """No defence has nothing to search: it is the anchor that every sweep tries first."""

    kind: Literal["no_def"] = "no_def"


class MIDSpace(Settings):
    """Ranges of MID; the default spans the supplement's Table 3."""

    kind: Literal["mid"] = "mid"
    lambda_mid: Range = LogUniform(log_uniform=(0.002, 0.05))
    prediction: Prediction = "sampled"


class BiDOHSICSpace(Settings):
    """Ranges of BiDO-HSIC; ``lambda_y`` is searched as its ratio to ``lambda_x`` (the paper's E.1)."""

    kind: Literal["bido_hsic"] = "bido_hsic"
    lambda_x: Range = LogUniform(log_uniform=(0.01, 0.2))
    lambda_y_ratio: Range = Uniform(uniform=(5.0, 50.0))


class BiDOCOCOSpace(Settings):
    """Ranges of BiDO-COCO around the supplement's Table 12; COCO is about a hundredth of HSIC."""

    kind: Literal["bido_coco"] = "bido_coco"
    lambda_x: Range = LogUniform(log_uniform=(1.0, 20.0))
    lambda_y_ratio: Range = Uniform(uniform=(5.0, 50.0))


class TLDMISpace(Settings):
    """Ranges of TL-DMI."""

    kind: Literal["tl_dmi"] = "tl_dmi"
    freeze_depth: Depths = "all"
    frozen_bn: FrozenBN = "train"


class LayerWiseSpace(Settings):
    """Sets of trained units, each written with ``+`` between its groups: ``first+last``."""

    kind: Literal["layer_wise"] = "layer_wise"
    trainable: Choice = Choice(choice=("first+last", "middle+last"))
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOHSICSpace(Settings):
    """Ranges of TL-DMI with BiDO-HSIC."""

    kind: Literal["tl_dmi+bido_hsic"] = "tl_dmi+bido_hsic"
    freeze_depth: Depths = "all"
    lambda_x: Range = LogUniform(log_uniform=(0.01, 0.2))
    lambda_y_ratio: Range = Uniform(uniform=(5.0, 50.0))
    frozen_bn: FrozenBN = "train"


class TLDMIBiDOCOCOSpace(Settings):
    """Ranges of TL-DMI with BiDO-COCO."""

    kind: Literal["tl_dmi+bido_coco"] = "tl_dmi+bido_coco"
    freeze_depth: Depths = "all"
    lambda_x: Range = LogUniform(log_uniform=(1.0, 20.0))
    lambda_y_ratio: Range = Uniform(uniform=(5.0, 50.0))
    frozen_bn: FrozenBN = "train"


class TLDMIMIDSpace(Settings):
    """Ranges of TL-DMI with MID."""

    kind: Literal["tl_dmi+mid"] = "tl_dmi+mid"
    freeze_depth: Depths = "all"
    lambda_mid: Range = LogUniform(log_uniform=(0.002, 0.05))
    prediction: Prediction = "sampled"
    frozen_bn: FrozenBN = "train"


DefenseSpace = Annotated[
    NoDefSpace
    | MIDSpace
    | BiDOHSICSpace
    | BiDOCOCOSpace
    | TLDMISpace
    | LayerWiseSpace
    | TLDMIBiDOHSICSpace
    | TLDMIBiDOCOCOSpace
    | TLDMIMIDSpace,
    Field(discriminator="kind"),
]
