"""The networks: targets by name, and the face networks that targets start from or that judge."""

from trainables.models.building import ARCHITECTURES, PRETRAINED, PretrainedUnusable, build_target
from trainables.models.target_model import TargetModel

__all__ = ["ARCHITECTURES", "PRETRAINED", "PretrainedUnusable", "TargetModel", "build_target"]
