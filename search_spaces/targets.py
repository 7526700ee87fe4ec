"""Which classifier T is and how it is trained."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from search_spaces.recipes import expanded
from search_spaces.settings import Settings

Architecture = Literal[
    "face_resnet",
    "small_vgg",
    "vgg16",
    "ir152",
    "facenet64",
    "resnet34",
    "resnet18",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnest101",
    "maxvit",
]
"""Targets: the face network of the photographs, a narrow VGG for CPUs, and those of the supplement.

``resnet34`` is the VMI network from scratch; ``resnet18`` to ``maxvit`` are the 224x224 networks."""

FREEZE_UNITS: dict[str, int] = {
    "face_resnet": 15,
    "small_vgg": 6,
    "vgg16": 13,
    "ir152": 51,
    "facenet64": 25,
    "resnet34": 17,
    "resnet18": 9,
    "resnet50": 17,
    "resnet101": 34,
    "resnet152": 51,
    "resnest101": 34,
    "maxvit": 5,
}
"""Number of units that can be frozen in each architecture; a test compares it with the networks."""

Fraction = Annotated[float, Field(ge=0, lt=1)]


class UtilityFloor(Settings):
    """Training stops, and the trial with it, when T's accuracy is still under ``acc`` after ``epochs``."""

    acc: Annotated[float, Field(gt=0, le=1)]
    epochs: Annotated[int, Field(ge=1)]


class TargetSettings(Settings):
    """Architecture, D_pretrain weights and recipe of T."""

    architecture: Architecture
    recipe: str | None = None
    """A named recipe (``search_spaces/recipes.py``) whose values hold where nothing else is written."""
    pretrained: str | None = None
    """Packaged D_pretrain weights, a torchvision or timm name, a ``.safetensors`` path, or from scratch."""
    pretrained_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What a local file of weights must hash to; filled in when a sweep starts, so that a changed file is
    another target."""
    epochs: Annotated[int, Field(ge=1, le=10000)] = 20
    batch_size: Annotated[int, Field(ge=2, le=65536)] = 64
    optimizer: Literal["sgd", "adam"] = "sgd"
    learning_rate: Annotated[float, Field(gt=0)] = 0.01
    momentum: Fraction = 0.9
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    milestones: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Epochs after which the learning rate is multiplied by ``gamma``; none: constant."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    horizontal_flip: Annotated[float, Field(ge=0, le=1)] = 0.5
    crop_scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Smallest share of the picture's area in a random square crop, resized back; 1: no crop."""
    color_jitter: tuple[
        Annotated[float, Field(ge=0)],
        Annotated[float, Field(ge=0)],
        Annotated[float, Field(ge=0)],
        Annotated[float, Field(ge=0, le=0.5)],
    ] = (0.0, 0.0, 0.0, 0.0)
    """Random brightness, contrast, saturation and hue, in torchvision's meaning; zeros: none."""
    cutout: Fraction = 0.0
    """Side of a random grey square as a share of the picture's side; 0: none."""
    images_per_class_in_batch: Annotated[int, Field(ge=1)] | None = None
    """P x K batches of BiDO and MID: K images of each class in a batch; nothing: plain shuffling."""
    validation_fraction: Fraction = 0.0
    """Share of each class's training pictures held out; measured after each epoch."""
    selection: Literal["last", "validation_best", "test_best"] = "last"
    """Which epoch's weights are T: ``test_best``, the published choice, looks at the test pictures."""
    utility_floor: UtilityFloor | None = None
    prefix_cache_mib: Annotated[int, Field(ge=0)] = 2048
    """Memory for activations of a frozen prefix, computed once per picture; used with ``frozen_bn: eval`` and
    no augmentation but flips; above it they go to disk; 0: never."""
    mixed_precision: bool = False
    channels_last: bool = False
    compile: bool = False

    @model_validator(mode="before")
    @classmethod
    def _recipe(cls, values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
        return expanded(values)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.selection == "validation_best" and not self.validation_fraction:
            raise ValueError("selection: validation_best needs a validation_fraction above 0")
        return self
