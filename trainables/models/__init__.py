"""The networks: targets by name, and the face networks that targets start from or that judge."""

from trainables.models.bottleneck import BottleneckTarget, divergence_from_normal
from trainables.models.building import build_network, build_target
from trainables.models.pretrained import PRETRAINED, PretrainedUnusable
from trainables.models.target_model import TargetModel, UnusableResolution

__all__ = [
    "PRETRAINED",
    "BottleneckTarget",
    "PretrainedUnusable",
    "TargetModel",
    "UnusableResolution",
    "build_network",
    "build_target",
    "divergence_from_normal",
]
