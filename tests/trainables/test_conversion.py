"""Published checkpoints become files that fit whole, or are refused with a list."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import torchvision
from torch import Tensor
from torchvision.models.vgg import cfgs, make_layers

from search_spaces.files import PinnedFile
from trainables import conversion
from trainables.conversion import CheckpointUnusable, checkpoint_tensors, convert_checkpoint
from trainables.models.ir_network import IRTarget
from trainables.models.low_shot_resnet import LowShotResNet
from trainables.models.pretrained import load_pretrained
from trainables.models.resnet import resnet18
from trainables.models.target_model import TargetModel
from trainables.weights.fitting import WeightsMismatch

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def resnet_state() -> State:
    return dict(torchvision.models.resnet18(num_classes=7).state_dict())


def converted(folder: Path, content: Any, architecture: str = "resnet18") -> conversion.ConversionReport:
    source = folder / "source.tar"
    torch.save(content, source)
    return convert_checkpoint(source, architecture, folder / "new" / "own.safetensors")


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {"model": {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()}},
    ],
)
def test_wrappings_are_taken_off(
    tmp_path: Path, resnet_state: State, wrapped: Callable[[State], dict[str, Any]]
) -> None:
    report = converted(tmp_path, wrapped(resnet_state))
    state = safetensors.torch.load_file(report.destination)
    own = resnet18(7).state_dict()
    assert state.keys() == own.keys() - {"mean", "std"}
    assert torch.equal(state["units.layer2_1.bn1.weight"], resnet_state["layer2.1.bn1.weight"])
    assert torch.equal(state["head.weight"], resnet_state["fc.weight"])


def test_the_report_says_what_was_written(tmp_path: Path, resnet_state: State) -> None:
    report = converted(tmp_path, resnet_state)
    data = report.destination.read_bytes()
    assert report.sha256 == hashlib.sha256(data).hexdigest()
    assert (report.tensors, report.classes, report.left_out) == (122, 7, ())
    assert f"SHA-256 {report.sha256}" in str(report)
    assert "a head of 7 classes" in str(report)


def test_what_was_written_can_be_started_from(tmp_path: Path, resnet_state: State) -> None:
    report = converted(tmp_path, resnet_state)
    network = torchvision.models.resnet18(num_classes=7)
    network.load_state_dict(resnet_state)
    network.fc = torch.nn.Identity()
    model = resnet18(3)
    load_pretrained(model, "resnet18", PinnedFile(path=report.destination, sha256=report.sha256))
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = network.eval()(2 * pictures - 1)
        torch.testing.assert_close(model.eval()(pictures).feature, expected)


def test_counters_that_old_checkpoints_lack_are_zero(tmp_path: Path, resnet_state: State) -> None:
    old = {name: tensor for name, tensor in resnet_state.items() if not name.endswith("num_batches_tracked")}
    report = converted(tmp_path, old)
    assert report.tensors == 122
    state = safetensors.torch.load_file(report.destination)
    assert state["units.stem.bn1.num_batches_tracked"] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("layer1.0.conv1.weight"), r"missing: units\.layer1_0\.conv1\.weight"),
        (lambda state: state.pop("bn1.running_mean"), r"missing: units\.stem\.bn1\.running_mean"),
        (lambda state: state.pop("fc.bias"), r"missing: head\.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "not expected: extra"),
        (
            lambda state: state.update({"conv1.weight": torch.zeros(64, 3, 3, 3)}),
            r"another shape: units\.stem\.conv1\.weight \(64, 3, 3, 3\) instead of \(64, 3, 7, 7\)",
        ),
    ],
)
def test_what_does_not_fit_whole_is_refused_and_not_written(
    tmp_path: Path, resnet_state: State, change: Callable[[State], object], message: str
) -> None:
    state = dict(resnet_state)
    change(state)
    with pytest.raises(WeightsMismatch, match=message):
        converted(tmp_path, state)
    assert not (tmp_path / "new").exists()


def test_another_network_is_refused(tmp_path: Path, resnet_state: State) -> None:
    with pytest.raises(WeightsMismatch, match="missing"):
        converted(tmp_path, resnet_state, "resnet50")


class Intruder:
    """An object that runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("exit 1",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {"a": Intruder()}}, "tensors alone"),
        (torch.zeros(1), "holds Tensor"),
        ({"a": torch.zeros(1), "best": 0.5}, "found best"),
        ({}, "found nothing"),
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(CheckpointUnusable, match=message) as caught:
        converted(tmp_path, content)
    assert "weights_only" not in str(caught.value)  # torch's advice is to execute what the file holds


@pytest.mark.parametrize("name", ["absent.pth", "torn.pth", "torn.safetensors"])
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, name: str) -> None:
    if name.startswith("torn"):
        (tmp_path / name).write_bytes(b"torn")
    with pytest.raises(CheckpointUnusable, match=name):
        checkpoint_tensors(tmp_path / name)


def test_unknown_architectures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match="'resnet34': known sources are for vgg16, ir152"):
        convert_checkpoint(tmp_path / "any.pth", "resnet34", tmp_path / "own.safetensors")


class TestIRNetworks:
    """A small IR network stands for the large ones; published names are made from ours."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def builder(architecture: str) -> Callable[[int], TargetModel]:
            resolution = {"facenet64": 16, "facenet112": 32}[architecture]
            return lambda classes: IRTarget(classes, (1, 1, 1, 1), resolution)

        monkeypatch.setattr(conversion, "_builder", builder)

    @staticmethod
    def published(resolution: int, prefix: str = "", neck: str = "output_layer", head: bool = True) -> State:
        torch.manual_seed(0)
        names = (
            ("units.body", f"{prefix}body."), (".shortcut.", ".shortcut_layer."),
            (".residual.", ".res_layer."), ("units.input_layer", f"{prefix}input_layer"),
            ("neck.", f"{neck}."), ("head.", "fc_layer."),
        )  # fmt: skip
        state = {}
        for name, tensor in IRTarget(9, (1, 1, 1, 1), resolution).state_dict().items():
            for ours, theirs in names:
                name = name.replace(ours, theirs)
            if name not in {"mean", "std"} and (head or not name.startswith("fc_layer.")):
                state[name] = tensor
        return state

    def test_a_backbone_for_larger_pictures_leaves_its_last_layers(self, tmp_path: Path) -> None:
        """face.evoLVe's networks are made for 112x112; FaceNet64 takes their input layer and units."""
        report = converted(tmp_path, self.published(32, head=False), "facenet64")
        state = safetensors.torch.load_file(report.destination)
        assert all(name.startswith("units.") for name in state)
        assert report.classes is None
        assert len(report.left_out) == 12
        assert all(name.startswith("output_layer.") for name in report.left_out)

    def test_a_classifier_of_the_same_size_is_taken_whole(self, tmp_path: Path) -> None:
        report = converted(tmp_path, self.published(16, prefix="feature."), "facenet64")
        assert (report.classes, report.left_out) == (9, ())
        own = IRTarget(9, (1, 1, 1, 1), 16).state_dict().keys() - {"mean", "std"}
        assert safetensors.torch.load_file(report.destination).keys() == own

    def test_facenet112_has_its_last_layers_inside_the_feature(self, tmp_path: Path) -> None:
        state = self.published(32, prefix="feature.", neck="feature.output_layer")
        report = converted(tmp_path, {"state_dict": state}, "facenet112")
        assert (report.classes, report.left_out) == (9, ())


def test_layers_of_torchvision_s_vgg16_without_a_place_are_left_out(tmp_path: Path) -> None:
    torch.manual_seed(0)
    features = make_layers(cfgs["D"], batch_norm=True).state_dict()
    state = {f"features.{name}": tensor for name, tensor in features.items()}
    report = converted(tmp_path, {**state, "classifier.0.weight": torch.zeros(2)}, "vgg16")
    assert report.left_out == ("classifier.0.weight",)
    assert report.tensors == 13 * 7


def test_networks_without_published_weights_have_no_rules() -> None:
    with torch.device("meta"):
        assert "units.fc1.4.weight" in LowShotResNet(2).state_dict()
    assert not {"resnet34", "small_vgg", "face_resnet"} & conversion.RULES.keys()
