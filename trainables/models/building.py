"""Builds a target from its settings: seeded initial weights, then pre-trained ones below the head."""

from collections.abc import Callable

import torch

from search_spaces import seed_stream
from search_spaces.defenses import MID, TLDMIMID, DefenseSettings
from search_spaces.targets import Architecture, TargetSettings
from trainables.models.average_pool import use_average_pool
from trainables.models.bottleneck import with_bottleneck
from trainables.models.face_resnet import FaceResNetTarget
from trainables.models.ir_network import facenet64, ir152
from trainables.models.low_shot_resnet import LowShotResNet
from trainables.models.maxvit import MaxViTTarget
from trainables.models.pretrained import load_pretrained
from trainables.models.resnest import ResNeStTarget
from trainables.models.resnet import resnet18, resnet50, resnet101, resnet152
from trainables.models.small_vgg import small_vgg
from trainables.models.target_model import TargetModel
from trainables.models.vgg16 import VGG

ARCHITECTURES: dict[Architecture, Callable[[int, int], TargetModel]] = {
    "face_resnet": lambda num_classes, resolution: FaceResNetTarget(num_classes),
    "small_vgg": small_vgg,
    "vgg16": lambda num_classes, resolution: VGG(num_classes, resolution=resolution),
    "ir152": ir152,
    "facenet64": facenet64,
    "resnet34": lambda num_classes, resolution: LowShotResNet(num_classes),
    "resnet18": lambda num_classes, resolution: resnet18(num_classes),
    "resnet50": lambda num_classes, resolution: resnet50(num_classes),
    "resnet101": lambda num_classes, resolution: resnet101(num_classes),
    "resnet152": lambda num_classes, resolution: resnet152(num_classes),
    "resnest101": lambda num_classes, resolution: ResNeStTarget(num_classes),
    "maxvit": MaxViTTarget,
}
"""From the number of classes and the side of the pictures in pixels to a network."""


def build_target(
    settings: TargetSettings,
    num_classes: int,
    resolution: int,
    seed: int,
    defense: DefenseSettings | None = None,
) -> TargetModel:
    """Return the target for square pictures of ``resolution``, on the CPU, in training mode.

    Initial weights depend on ``seed`` alone; those named by ``settings.pretrained`` replace them, except in
    the head and in layers that the pre-trained network lacks. Under ``mid`` and ``tl_dmi+mid`` the target
    gets its variational form (``BottleneckTarget``) afterwards. Raises ``UnusableResolution``,
    ``PretrainedUnusable``, ``WeightsMismatch`` for a file of another network, and
    ``trainables.storage.archives.ArchiveError`` when packaged weights cannot be had.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ARCHITECTURES[settings.architecture](num_classes, resolution)
    use_average_pool(model)
    if settings.pretrained is not None:
        load_pretrained(model, settings.architecture, settings.pretrained, settings.pretrained_sha256)
    if not isinstance(defense, MID | TLDMIMID):
        return model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(seed, "bottleneck"))
        return with_bottleneck(model, defense.prediction)
