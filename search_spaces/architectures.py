"""The networks that T can be: what is known of each without building it. Plugins add others."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from search_spaces.registry import KindName, KindSettings, Registry

Hub = Literal["torchvision", "timm"]
"""A public collection of weights."""


class Architecture(KindSettings):
    """One network; a function decorated with ``@implements`` builds it from classes and side of pictures.

    It has no values: settings of T name it by its kind.
    """

    units: ClassVar[int]
    """Number of units that can be frozen."""
    residual_stages: ClassVar[int] = 0
    """Number of stages of blocks with a skip connection, of a network that is made of such blocks."""
    parameters: ClassVar[int]
    """Parameters at 1000 classes and ``published_side``."""
    published_side: ClassVar[int] = 64
    """Pixels a side of the pictures in the literature."""
    paper_freeze_depths: ClassVar[tuple[int, ...]] = ()
    """Freeze depths of the supplement's TL-DMI rows."""
    paper_from_scratch: ClassVar[bool] = False
    """Whether TL-DMI froze it from random weights on in the paper too: there was no D_pretrain."""
    hub_names: ClassVar[Mapping[Hub, str]] = {}
    """What a collection calls the network on whose body it is."""
    usual_weights: ClassVar[frozenset[str]] = frozenset()
    """Weights of a collection that need no look into the collection, which imports torch."""
    packaged_weights: ClassVar[Mapping[str, str]] = {}
    """D_pretrain weights that are packaged for it: their name -> the archive that holds them."""

    @classmethod
    def side_error(cls, side: int) -> str | None:
        """Return why it cannot take pictures of ``side`` pixels, or ``None``."""
        return None

    @classmethod
    def summary(cls) -> str:
        """Return units and parameters."""
        return f"{cls.units} units, {cls.parameters / 1e6:.1f} M parameters at 1000 classes"


ARCHITECTURES: Registry[Architecture] = Registry("architecture", Architecture, "tldmi_sweep.targets")

ArchitectureName = Annotated[str, KindName(ARCHITECTURES)]
"""The kind of a registered architecture."""

TORCHVISION_V1 = frozenset({"torchvision:IMAGENET1K_V1"})
TORCHVISION_BOTH = TORCHVISION_V1 | {"torchvision:IMAGENET1K_V2"}


def packaged_for() -> dict[str, str]:
    """Return the packaged D_pretrain weights by name, and the architecture that each fits."""
    return {name: cls.kind_name() for cls in ARCHITECTURES for name in cls.packaged_weights}


@ARCHITECTURES.register
class FaceResNet(Architecture):
    """The face network of the photographs: dlib's ResNet with its published weights."""

    home: ClassVar[str | None] = "trainables.models.face_resnet"
    archives: ClassVar[tuple[str, ...]] = ("face_recognition_models",)
    packaged_weights: ClassVar[Mapping[str, str]] = {"face_resnet": "face_recognition_models"}
    units: ClassVar[int] = 15
    residual_stages: ClassVar[int] = 4
    parameters: ClassVar[int] = 5_736_744
    kind: Literal["face_resnet"] = "face_resnet"


class _VGG(Architecture):
    blocks: ClassVar[int]

    @classmethod
    def side_error(cls, side: int) -> str | None:
        """Return why the pictures are too small to be halved in every block, or ``None``."""
        least = 2**cls.blocks
        if side >= least:
            return None
        return f"{cls.kind_name()} needs pictures of {least} pixels or more, not {side}"


@ARCHITECTURES.register
class SmallVGG(_VGG):
    """A narrow VGG for CPUs."""

    home: ClassVar[str | None] = "trainables.models.small_vgg"
    blocks: ClassVar[int] = 4
    units: ClassVar[int] = 6
    parameters: ClassVar[int] = 2_448_136
    kind: Literal["small_vgg"] = "small_vgg"


@ARCHITECTURES.register
class VGG16(_VGG):
    """VGG16 with BatchNorm at 64x64; theta_C of its depths: 15.0, 13.9, 11.5, 9.1 and 2.1 M."""

    home: ClassVar[str | None] = "trainables.models.vgg16"
    blocks: ClassVar[int] = 5
    units: ClassVar[int] = 13
    parameters: ClassVar[int] = 16_776_232
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (7, 8, 9, 10, 13)
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "vgg16_bn"}
    usual_weights: ClassVar[frozenset[str]] = TORCHVISION_V1
    kind: Literal["vgg16"] = "vgg16"


@ARCHITECTURES.register
class IR152(Architecture):
    """IR-152; theta_C of its depth: 17.8 M."""

    home: ClassVar[str | None] = "trainables.models.ir_network"
    units: ClassVar[int] = 51
    residual_stages: ClassVar[int] = 4
    parameters: ClassVar[int] = 62_599_848
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (48,)
    kind: Literal["ir152"] = "ir152"


@ARCHITECTURES.register
class FaceNet64(Architecture):
    """IR-50; theta_C of its depth: 34.4 M."""

    home: ClassVar[str | None] = "trainables.models.ir_network"
    units: ClassVar[int] = 25
    residual_stages: ClassVar[int] = 4
    parameters: ClassVar[int] = 35_437_224
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (7,)
    kind: Literal["facenet64"] = "facenet64"


@ARCHITECTURES.register
class ResNet34(Architecture):
    """The ResNet-34 of VMI, from scratch; theta_C of its depth: 21.2 M (21.1 is printed, no build has it)."""

    home: ClassVar[str | None] = "trainables.models.low_shot_resnet"
    units: ClassVar[int] = 18
    residual_stages: ClassVar[int] = 4
    parameters: ClassVar[int] = 21_480_616
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (4,)
    paper_from_scratch: ClassVar[bool] = True
    kind: Literal["resnet34"] = "resnet34"


class _TorchvisionResNet(Architecture):
    home: ClassVar[str | None] = "trainables.models.resnet"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    published_side: ClassVar[int] = 224
    residual_stages: ClassVar[int] = 4
    usual_weights: ClassVar[frozenset[str]] = TORCHVISION_BOTH


@ARCHITECTURES.register
class ResNet18(_TorchvisionResNet):
    """ResNet-18; theta_C of its depth: 8.9 M."""

    units: ClassVar[int] = 9
    parameters: ClassVar[int] = 11_689_512
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (7,)
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "resnet18", "timm": "resnet18"}
    usual_weights: ClassVar[frozenset[str]] = TORCHVISION_V1
    kind: Literal["resnet18"] = "resnet18"


@ARCHITECTURES.register
class ResNet50(_TorchvisionResNet):
    """ResNet-50."""

    units: ClassVar[int] = 17
    parameters: ClassVar[int] = 25_557_032
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "resnet50", "timm": "resnet50"}
    kind: Literal["resnet50"] = "resnet50"


@ARCHITECTURES.register
class ResNet101(_TorchvisionResNet):
    """ResNet-101."""

    units: ClassVar[int] = 34
    parameters: ClassVar[int] = 44_549_160
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "resnet101", "timm": "resnet101"}
    kind: Literal["resnet101"] = "resnet101"


@ARCHITECTURES.register
class ResNet152(_TorchvisionResNet):
    """ResNet-152."""

    units: ClassVar[int] = 51
    parameters: ClassVar[int] = 60_192_808
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "resnet152", "timm": "resnet152"}
    kind: Literal["resnet152"] = "resnet152"


@ARCHITECTURES.register
class ResNeSt101(Architecture):
    """ResNeSt-101 of timm; theta_C of its depth: 27.9 M."""

    home: ClassVar[str | None] = "trainables.models.resnest"
    packages: ClassVar[tuple[str, ...]] = ("timm",)
    published_side: ClassVar[int] = 224
    units: ClassVar[int] = 34
    residual_stages: ClassVar[int] = 4
    parameters: ClassVar[int] = 48_275_016
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (23,)
    hub_names: ClassVar[Mapping[Hub, str]] = {"timm": "resnest101e"}
    usual_weights: ClassVar[frozenset[str]] = frozenset({"timm:in1k"})
    kind: Literal["resnest101"] = "resnest101"


@ARCHITECTURES.register
class MaxViT(Architecture):
    """MaxViT-T; theta_C of its depth: 18.3 M."""

    home: ClassVar[str | None] = "trainables.models.maxvit"
    packages: ClassVar[tuple[str, ...]] = ("torchvision",)
    published_side: ClassVar[int] = 224
    units: ClassVar[int] = 12
    parameters: ClassVar[int] = 30_919_624
    paper_freeze_depths: ClassVar[tuple[int, ...]] = (10,)
    hub_names: ClassVar[Mapping[Hub, str]] = {"torchvision": "maxvit_t"}
    usual_weights: ClassVar[frozenset[str]] = TORCHVISION_V1
    kind: Literal["maxvit"] = "maxvit"

    @classmethod
    def side_error(cls, side: int) -> str | None:
        """Return why its windows do not tile pictures of ``side`` pixels, or ``None``."""
        if side % 32 == 0 and side >= 64:
            return None
        return f"maxvit takes pictures of 64, 96, 128, ... 224, ..., not {side}"
