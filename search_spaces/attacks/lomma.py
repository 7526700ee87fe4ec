"""LOMMA over GMI and KEDMI: logits of T and of students distilled from it (Nguyen et al., CVPR 2023)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.attacks.attack import ATTACKS, Count, Positive
from search_spaces.attacks.gmi import LatentDescent
from search_spaces.attacks.kedmi import DistributionDescent
from search_spaces.settings import Settings


class LOMMA(Settings):
    """What LOMMA changes (Nguyen et al. 2023): the logit loss with p_reg, and model augmentation."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"student_weights_sha256"})

    regularisation_weight: Annotated[float, Field(ge=0)] = 1.0
    """lambda of the mean over dimensions of (feature(x) - p_reg)^2; T alone carries it."""
    regularisation_images: Annotated[int, Field(ge=2)] = 5000
    """Public pictures (at most) whose mean feature is p_reg."""
    students: tuple[Literal["small", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2"], ...] = (
        "efficientnet_b0",
        "efficientnet_b1",
        "efficientnet_b2",
    )
    """Networks distilled from T on D_pub and attacked together with it; none: the logit loss alone."""
    student_weights: str | None = None
    """Folder with the ImageNet weights the students start from, ``<network>.safetensors`` with torchvision's
    names; ``None``: from scratch."""
    student_weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What the files that are used must hash to (see ``student_weights``); filled in when a sweep starts."""
    student_epochs: Count = 20
    student_batch_size: Annotated[int, Field(ge=2)] = 64
    student_learning_rate: Positive = 0.01
    seed: int = 0


@ATTACKS.register
class LOMMAGMI(LatentDescent):
    """LOMMA over GMI."""

    home: ClassVar[str | None] = "trainables.attacks.lomma"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    kind: Literal["lomma_gmi"] = "lomma_gmi"
    iterations: Count = 2400
    lomma: LOMMA = LOMMA()


@ATTACKS.register
class LOMMAKEDMI(DistributionDescent):
    """LOMMA over KEDMI."""

    home: ClassVar[str | None] = "trainables.attacks.lomma"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    kind: Literal["lomma_kedmi"] = "lomma_kedmi"
    iterations: Count = 2400
    initial_log_variance: float = 1.0
    lomma: LOMMA = LOMMA()
