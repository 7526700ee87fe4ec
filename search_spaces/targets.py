"""Which classifier T is and how it is trained."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings

Architecture = Literal["face_resnet", "vgg16", "small_vgg"]
"""Targets: the face network of the photographs, the paper's VGG16 at 64x64, and a narrow VGG for CPUs."""

FREEZE_UNITS: dict[str, int] = {"face_resnet": 15, "vgg16": 13, "small_vgg": 6}
"""Number of units that can be frozen in each architecture; a test compares it with the networks."""


class TargetSettings(Settings):
    """Architecture, D_pretrain weights and recipe of T."""

    architecture: Architecture
    pretrained: str | None = None
    """Name of packaged D_pretrain weights, a ``.safetensors`` path, or nothing: from scratch."""
    epochs: Annotated[int, Field(ge=1, le=10000)] = 20
    batch_size: Annotated[int, Field(ge=2, le=65536)] = 64
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    horizontal_flip: Annotated[float, Field(ge=0, le=1)] = 0.5
    images_per_class_in_batch: Annotated[int, Field(ge=1)] | None = None
    """P x K batches of BiDO and MID: K images of each class in a batch; nothing: plain shuffling."""
