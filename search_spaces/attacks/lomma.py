"""LOMMA over GMI and KEDMI: logits of T and of students distilled from it (Nguyen et al., CVPR 2023)."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.attacks.attack import ATTACKS, Count, Positive
from search_spaces.attacks.gmi import LatentDescent
from search_spaces.attacks.kedmi import DistributionDescent
from search_spaces.files import PinnedFile, WeightsFile
from search_spaces.pieces import PIECES, PriorConfig, TargetConfig, TargetPiece
from search_spaces.settings import Settings

StudentNetwork = Literal["small", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2"]


def _or_folder(schema: dict[str, Any]) -> None:
    """Let a schema of files allow the path of their folder too."""
    files = {name: schema.pop(name) for name in tuple(schema)}
    schema["anyOf"] = [{"type": "string", "format": "path"}, files]


class StudentRecipe(Settings):
    """What decides the weights of one student, beside T and D_pub."""

    network: StudentNetwork
    member: int
    """Position among the students, so that two of one network differ."""
    weights: PinnedFile | None = None
    """ImageNet weights of ``network`` to start from; ``None``: from scratch."""
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int


@PIECES.register
class StudentConfig(TargetPiece):
    """All that decides one student of one T (LOMMA's)."""

    home: ClassVar[str | None] = "trainables.attacks.students"
    folder: ClassVar[str | None] = "students"

    kind: Literal["student"] = "student"
    settings: StudentRecipe

    @property
    def name(self) -> str:
        """What screens call the student."""
        return f"student {self.settings.network}"


class PublicFeature(Settings):
    """What decides p_reg, beside T and D_pub."""

    images: int
    seed: int


@PIECES.register
class FeatureMeanConfig(TargetPiece):
    """All that decides p_reg, the mean feature of public pictures in one T (LOMMA's)."""

    home: ClassVar[str | None] = "trainables.attacks.lomma"
    folder: ClassVar[str | None] = "feature_means"

    kind: Literal["feature_mean"] = "feature_mean"
    settings: PublicFeature


class LOMMA(Settings):
    """What LOMMA changes (Nguyen et al. 2023): the logit loss with p_reg, and model augmentation."""

    regularisation_weight: Annotated[float, Field(ge=0)] = 1.0
    """lambda of the mean over dimensions of (feature(x) - p_reg)^2; T alone carries it."""
    regularisation_images: Annotated[int, Field(ge=2)] = 5000
    """Public pictures (at most) whose mean feature is p_reg."""
    students: tuple[StudentNetwork, ...] = (
        "efficientnet_b0",
        "efficientnet_b1",
        "efficientnet_b2",
    )
    """Networks distilled from T on D_pub and attacked together with it; none: the logit loss alone."""
    student_weights: Annotated[dict[StudentNetwork, WeightsFile], Field(json_schema_extra=_or_folder)] = (
        Field(default_factory=dict)
    )
    """ImageNet weights that the students start from, with torchvision's names of tensors: a folder with
    ``<network>.safetensors`` of each, or a file for each network; none: from scratch."""
    student_epochs: Count = 20
    student_batch_size: Annotated[int, Field(ge=2)] = 64
    student_learning_rate: Positive = 0.01
    seed: int = 0

    @model_validator(mode="before")
    @classmethod
    def _files_of_folder(cls, values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
        folder = values.get("student_weights") if isinstance(values, dict) else None
        if not isinstance(folder, str | Path):
            return values
        students = values.get("students", cls.model_fields["students"].default)
        networks = students if isinstance(students, list | tuple) else ()
        files = {name: Path(folder) / f"{name}.safetensors" for name in networks if name != "small"}
        return {**values, "student_weights": files}

    @model_validator(mode="after")
    def _weights_of_all_students(self) -> Self:
        wanted, given = set(self.students) - {"small"}, set(self.student_weights)
        if given and given != wanted:
            raise ValueError(
                f"student_weights are given for {', '.join(sorted(given))}, the students are "
                f"{', '.join(self.students)}; give a folder, or one file for each (small has none)"
            )
        return self

    @property
    def feature_mean(self) -> PublicFeature:
        """What decides p_reg."""
        return PublicFeature(images=self.regularisation_images, seed=self.seed)

    @property
    def recipes(self) -> tuple[StudentRecipe, ...]:
        """What decides each of the students."""
        return tuple(self._recipe(member, network) for member, network in enumerate(self.students))

    def _recipe(self, member: int, network: StudentNetwork) -> StudentRecipe:
        return StudentRecipe(
            network=network,
            member=member,
            weights=self.student_weights.get(network),
            epochs=self.student_epochs,
            batch_size=self.student_batch_size,
            learning_rate=self.student_learning_rate,
            seed=self.seed,
        )

    def target_pieces(self, target: TargetConfig) -> tuple[TargetPiece, ...]:
        """Return p_reg and the students of ``target``."""
        students = (StudentConfig(target=target, settings=recipe) for recipe in self.recipes)
        return (FeatureMeanConfig(target=target, settings=self.feature_mean), *students)


@ATTACKS.register
class LOMMAGMI(LatentDescent):
    """LOMMA over GMI."""

    home: ClassVar[str | None] = "trainables.attacks.lomma"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    label: ClassVar[str | None] = "LOMMA-GMI"
    kind: Literal["lomma_gmi"] = "lomma_gmi"
    iterations: Count = 2400
    lomma: LOMMA = LOMMA()

    def target_pieces(self, target: TargetConfig, prior: PriorConfig) -> tuple[TargetPiece, ...]:
        """Return p_reg and the students of ``target``."""
        return self.lomma.target_pieces(target)


@ATTACKS.register
class LOMMAKEDMI(DistributionDescent):
    """LOMMA over KEDMI."""

    home: ClassVar[str | None] = "trainables.attacks.lomma"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    label: ClassVar[str | None] = "LOMMA-KEDMI"
    kind: Literal["lomma_kedmi"] = "lomma_kedmi"
    iterations: Count = 2400
    initial_log_variance: float = 1.0
    lomma: LOMMA = LOMMA()

    def target_pieces(self, target: TargetConfig, prior: PriorConfig) -> tuple[TargetPiece, ...]:
        """Return the GAN, p_reg and the students of ``target``."""
        return (*super().target_pieces(target, prior), *self.lomma.target_pieces(target))
