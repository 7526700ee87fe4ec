"""Which classifier T is and how it is trained."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.architectures import ARCHITECTURES, ArchitectureName
from search_spaces.architectures import Architecture as Network
from search_spaces.files import PinnedFile
from search_spaces.pretraining import Pretraining, StartingWeights
from search_spaces.recipes import expanded
from search_spaces.settings import Settings
from search_spaces.training_length import epochs_for, steps_in_epoch

Architecture = ArchitectureName
FREEZE_UNITS = {own.kind_name(): own.units for own in ARCHITECTURES}
PAPER_FREEZE_DEPTHS = {
    own.kind_name(): own.paper_freeze_depths for own in ARCHITECTURES if own.paper_freeze_depths
}

Fraction = Annotated[float, Field(ge=0, lt=1)]


class UtilityFloor(Settings):
    """Training stops, and the trial with it, when T's accuracy is still under ``acc`` after ``epochs``."""

    acc: Annotated[float, Field(gt=0, le=1)]
    epochs: Annotated[int, Field(ge=1)]


class TargetSettings(Settings):
    """Architecture, D_pretrain weights and recipe of T."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"architecture_plugin", "least_steps"})

    architecture: ArchitectureName
    recipe: str | None = None
    """A named recipe (``search_spaces/recipes.py``) whose values hold where nothing else is written."""
    pretrained: StartingWeights = None
    """D_pretrain weights: packaged (``face_resnet``), ``torchvision:NAME`` (``torchvision:IMAGENET1K_V1``),
    ``timm:TAG`` (``timm:in1k``), a ``.safetensors`` file, a pre-training of the sweep (``{name: ..., data:
    ...}``), or ``None``: from scratch."""
    epochs: Annotated[int, Field(ge=1, le=10000)] = 20
    least_steps: Annotated[int, Field(ge=1)] | None = None
    """Training goes on for as many epochs as it takes to make so many steps, and never for fewer than
    ``epochs``. Milestones and ``utility_floor.epochs`` move by the same factor. ``None``: for ``epochs``."""
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
    """Memory for activations of a frozen prefix, computed once per picture and mirror image; used with
    ``frozen_bn: eval`` and no augmentation but flips. Above it they go to disk, up to 8 times as much; beyond
    that they are not kept. 0: never."""
    mixed_precision: bool = False
    channels_last: bool = False
    compile: bool = False

    architecture_plugin: str | None = None
    """Hash of the plugin file that defines the architecture, filled in; ``None``: it is built in."""

    @model_validator(mode="before")
    @classmethod
    def _recipe(cls, values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
        return expanded(_with_plugin(values))

    @property
    def network(self) -> type[Network]:
        """What is known of the architecture."""
        return ARCHITECTURES[self.architecture]

    @property
    def pretrained_name(self) -> str | None:
        """What T starts from, as one text for rows; of a file its path. ``None``: from scratch."""
        start = self.pretrained
        if isinstance(start, Pretraining):
            return start.name
        return str(start.path) if isinstance(start, PinnedFile) else start

    @property
    def freezing_keeps_random(self) -> bool:
        """Whether what a defence freezes in T are random weights, though not in the paper."""
        return self.pretrained is None and not self.network.paper_from_scratch

    def steps_in_epoch(self, pictures: Sequence[int]) -> int:
        """Return the steps of one epoch on so many ``pictures`` of each class."""
        return steps_in_epoch(pictures, self.batch_size, self.images_per_class_in_batch)

    def lengthened(self, pictures: Sequence[int]) -> Self:
        """Return these settings with the epochs that make ``least_steps`` on so many pictures of each class.

        >>> target = TargetSettings(
        ...     architecture="small_vgg", batch_size=16, milestones=(10,), least_steps=200
        ... )
        >>> longer = target.lengthened([10] * 6)
        >>> longer.epochs, longer.milestones, target.lengthened([1000] * 6).epochs
        (50, (25,), 20)
        """
        needed = epochs_for(self.epochs, self.least_steps, self.steps_in_epoch(pictures))
        if needed == self.epochs:
            return self
        factor, floor = needed / self.epochs, self.utility_floor
        moved = floor and floor.model_copy(update={"epochs": round(floor.epochs * factor)})
        milestones = tuple(round(milestone * factor) for milestone in self.milestones)
        longer = {"epochs": needed, "milestones": milestones, "utility_floor": moved}
        return self.model_copy(update=longer)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.selection == "validation_best" and not self.validation_fraction:
            raise ValueError("selection: validation_best needs a validation_fraction above 0")
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise ValueError("nesterov needs optimizer sgd and a momentum above 0")
        per_class = self.images_per_class_in_batch
        if per_class is not None and per_class > self.batch_size:
            raise ValueError(
                f"images_per_class_in_batch {per_class} is above the batch_size {self.batch_size}"
            )
        return self


def _with_plugin(values: Any) -> Any:  # noqa: ANN401  (plain YAML values)
    """Add the hash of the plugin that defines the architecture, so that it is part of what is trained."""
    if not isinstance(values, dict) or values.get("architecture") not in ARCHITECTURES:
        return values
    loaded = ARCHITECTURES[values["architecture"]].plugin_hash
    given = values.get("architecture_plugin", loaded)
    if given != loaded:
        raise ValueError(
            f"architecture {values['architecture']} is of plugin file {given}, but {loaded} is loaded: the "
            "plugin has changed; name the file that it was made with"
        )
    return values if loaded is None else {**values, "architecture_plugin": loaded}
