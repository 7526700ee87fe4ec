"""Who judges reconstructions: evaluators, never used to choose them."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from search_spaces.settings import Settings


class FaceEmbedding(Settings):
    """A face network trained elsewhere on other people; a class is its nearest training-picture centroid."""

    kind: Literal["face_embedding"] = "face_embedding"
    network: Literal["sface", "face_resnet"] = "sface"


class TrainedClassifier(Settings):
    """A classifier of the private people, the published way of judging; optimistic on small data sets."""

    kind: Literal["trained_classifier"] = "trained_classifier"
    architecture: Literal["small_cnn", "facenet112", "ir_se50", "inception_v3"] = "small_cnn"
    """``facenet112``, ``ir_se50`` (both at 112x112) and ``inception_v3`` (299x299) are the published ones."""
    checkpoint: Path | None = None
    """``.safetensors`` of a network that is trained already, its classes in the order of D_priv (an
    ``ir_se50`` without a head is measured on D_priv); nothing: it is trained on D_priv."""
    checkpoint_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What ``checkpoint`` must hash to; filled in when a sweep starts."""
    pretrained: str | None = None
    """What a published architecture is trained from, as in ``TargetSettings``; nothing: from scratch."""
    pretrained_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What a local file ``pretrained`` must hash to."""
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


class KnownAttributes(Settings):
    """Attributes of drawn persons read off a picture by networks trained on other, public persons."""

    kind: Literal["known_attributes"] = "known_attributes"
    epochs: Annotated[int, Field(ge=1)] = 8
    width: Annotated[int, Field(ge=4, le=512)] = 24
    seed: int = 2000


EvaluatorSettings = Annotated[
    FaceEmbedding | TrainedClassifier | KnownAttributes, Field(discriminator="kind")
]
