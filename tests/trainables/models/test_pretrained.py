"""D_pretrain weights by name or from a file: what is loaded, and what is refused with which words."""

import hashlib
import urllib.error
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from search_spaces.files import PinnedFile
from search_spaces.targets import Architecture, TargetSettings
from trainables.models import PretrainedUnusable, TargetModel, build_target
from trainables.models.ir_network import IRTarget
from trainables.models.pretrained import load_pretrained
from trainables.weights.fitting import WeightsMismatch


def built(pretrained: str | None, architecture: Architecture = "resnet18") -> TargetModel:
    settings = TargetSettings(architecture=architecture, pretrained=pretrained)
    return build_target(settings, num_classes=3, resolution=32, seed=0)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as torch's hub; nothing can be fetched."""

    def unreachable(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network here")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    return tmp_path / "checkpoints"


def put(hub: Path, name: str, network: nn.Module) -> dict[str, Tensor]:
    """Put the state of ``network`` where torch.hub keeps a fetched file of this name."""
    hub.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), hub / name)
    return dict(network.state_dict())


def test_torchvision_weights_by_name(hub: Path) -> None:
    state = put(hub, "resnet18-f37072fd.pth", torchvision.models.resnet18())
    model, fresh = built("torchvision:IMAGENET1K_V1"), built(None)
    assert torch.equal(model.units["layer3_1"].bn2.weight, state["layer3.1.bn2.weight"])
    assert torch.equal(model.units["stem"].conv1.weight, state["conv1.weight"])
    assert torch.equal(model.head.weight, fresh.head.weight)


def test_vgg16_takes_the_convolutions_and_keeps_its_new_neck(hub: Path) -> None:
    network = nn.Module()
    network.features = make_layers(cfgs["D"], batch_norm=True)
    state = put(hub, "vgg16_bn-6c64b313.pth", network)
    model = built("torchvision:IMAGENET1K_V1", "vgg16")
    pictures = torch.rand(2, 3, 32, 32)
    network.eval(), model.eval()
    activations = pictures
    with torch.no_grad():
        for unit in model.units.values():
            activations = unit(activations)
        torch.testing.assert_close(activations, network.features(pictures))
    assert torch.equal(model.units["conv8"][0].weight, state["features.24.weight"])
    assert torch.equal(model.neck[1].weight, torch.ones(512))


def test_without_network_it_says_what_to_fetch_and_where_to_put_it(hub: Path) -> None:
    with pytest.raises(PretrainedUnusable) as caught:
        built("torchvision:IMAGENET1K_V1")
    for part in ("no network here", "https://download.pytorch.org/models/resnet18-f37072fd.pth", str(hub)):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("architecture", "source", "message"),
    [
        ("resnet18", "torchvision:IMAGENET1K_V9", "there are IMAGENET1K_V1"),
        ("resnet34", "torchvision:IMAGENET1K_V1", "no weights for architecture resnet34, only for vgg16"),
        ("ir152", "timm:in1k", "no weights for architecture ir152"),
        ("resnest101", "timm:in22k", "for resnest101 there are in1k"),
        ("resnet18", "torchvision:", "give face_resnet, torchvision:NAME, timm:TAG"),
        ("resnet18", "hub:IMAGENET1K_V1", "give face_resnet, torchvision:NAME, timm:TAG"),
    ],
)
def test_names_that_do_not_exist(architecture: Architecture, source: str, message: str) -> None:
    with torch.device("meta"), pytest.raises(PretrainedUnusable, match=message):
        built(source, architecture)


def test_timm_weights_by_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of timm's network are those of torchvision's."""
    network = timm.create_model("resnet18", num_classes=2)
    asked = []

    def created(name: str, pretrained: bool) -> nn.Module:
        asked.append((name, pretrained))
        return network

    monkeypatch.setattr(timm, "create_model", created)
    model = built("timm:a1_in1k")
    assert asked == [("resnet18.a1_in1k", True)]
    assert torch.equal(model.units["layer4_0"].conv1.weight, network.layer4[0].conv1.weight)


def test_timm_without_network_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(PretrainedUnusable, match=r"no network here.*huggingface\.co/timm/resnet18\.a1_in1k"):
        built("timm:a1_in1k")


class TestFile:
    """Files of a small IR network at 16x16; its linear layer has other sizes at other resolutions."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        torch.manual_seed(7)
        return self.saved(tmp_path, IRTarget(5, (1, 1, 1, 1), 16).state_dict())

    @staticmethod
    def saved(folder: Path, state: dict[str, Tensor]) -> Path:
        path = folder / "weights.safetensors"
        safetensors.torch.save_file(state, path)
        return path

    def loaded(self, path: Path, sha256: str | None = None) -> IRTarget:
        model = IRTarget(3, (1, 1, 1, 1), 16)
        load_pretrained(model, "facenet64", PinnedFile(path=path, sha256=sha256))
        return model

    def test_all_below_the_head_is_taken(self, source: Path) -> None:
        state = safetensors.torch.load_file(source)
        found = self.loaded(source).state_dict()
        assert all(
            torch.equal(found[name], tensor) for name, tensor in state.items() if not name.startswith("head.")
        )

    def test_units_alone_are_enough(self, source: Path, tmp_path: Path) -> None:
        state = safetensors.torch.load_file(source)
        units = {name: tensor for name, tensor in state.items() if name.startswith("units.")}
        found = self.loaded(self.saved(tmp_path, units))
        assert torch.equal(found.units["body2"].residual[1].weight, state["units.body2.residual.1.weight"])
        assert not torch.equal(found.neck[3].weight, state["neck.3.weight"])

    @pytest.mark.parametrize("name", ["neck.3.weight", "units.body1.residual.0.running_var"])
    def test_half_a_part_is_refused_and_nothing_loaded(self, source: Path, tmp_path: Path, name: str) -> None:
        state = safetensors.torch.load_file(source)
        del state[name]
        model = IRTarget(3, (1, 1, 1, 1), 16)
        before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        with pytest.raises(WeightsMismatch, match=f"missing: {name}"):
            load_pretrained(model, "facenet64", PinnedFile(path=self.saved(tmp_path, state)))
        assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())

    def test_the_hash_is_checked(self, source: Path) -> None:
        right = hashlib.sha256(source.read_bytes()).hexdigest()
        self.loaded(source, right)
        with pytest.raises(PretrainedUnusable, match=f"SHA-256 is {right}, not {'0' * 64}"):
            self.loaded(source, "0" * 64)

    def test_the_normalisation_is_the_architecture_s_own(self, source: Path, tmp_path: Path) -> None:
        state = safetensors.torch.load_file(source)
        state["mean"] = torch.full((1, 3, 1, 1), 0.5)
        assert torch.count_nonzero(self.loaded(self.saved(tmp_path, state)).mean) == 0
