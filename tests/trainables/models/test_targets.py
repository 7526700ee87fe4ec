"""Every target keeps the contract; the large ones in the longer runs."""

import pytest

from search_spaces.architectures import ARCHITECTURES
from tldmi_sweep.testing.target_contract import TargetContract


class TestFaceResNet(TargetContract):
    architecture = "face_resnet"


class TestSmallVGG(TargetContract):
    architecture = "small_vgg"


class TestVGG16(TargetContract):
    architecture = "vgg16"
    depth = 8


class TestFaceNet64(TargetContract):
    architecture = "facenet64"
    resolution = 16
    depth = 7


class TestResNet34(TargetContract):
    architecture = "resnet34"
    depth = 4


class TestResNet18(TargetContract):
    architecture = "resnet18"
    depth = 7


class TestMaxViT(TargetContract):
    architecture = "maxvit"
    resolution = 64
    depth = 10


@pytest.mark.slow
class TestIR152(TargetContract):
    architecture = "ir152"
    resolution = 16
    depth = 48


@pytest.mark.slow
class TestResNet50(TargetContract):
    architecture = "resnet50"
    depth = 3


@pytest.mark.slow
class TestResNet101(TargetContract):
    architecture = "resnet101"
    depth = 3


@pytest.mark.slow
class TestResNet152(TargetContract):
    architecture = "resnet152"
    depth = 3


@pytest.mark.slow
class TestResNeSt101(TargetContract):
    architecture = "resnest101"
    depth = 23


def test_every_architecture_has_its_class() -> None:
    tested = {each.architecture for each in TargetContract.__subclasses__()}
    assert tested == set(ARCHITECTURES.kinds)
