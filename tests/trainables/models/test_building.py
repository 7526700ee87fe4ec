"""Targets from settings: seeds, pre-trained weights, and what is refused."""

from pathlib import Path

import pytest
import safetensors.torch
import torch

from search_spaces.targets import TargetSettings
from trainables.models import PretrainedUnusable, build_target
from trainables.models.face_resnet import face_resnet_tensors
from trainables.models.target_model import TargetModel
from trainables.weights.fitting import WeightsMismatch


def built(pretrained: str | None = None, seed: int = 0, architecture: str = "small_vgg") -> TargetModel:
    settings = TargetSettings(architecture=architecture, pretrained=pretrained)
    return build_target(settings, num_classes=3, resolution=32, seed=seed)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(5)
    first, state = built(seed=1), torch.get_rng_state()
    torch.rand(3)
    again, other = built(seed=1), built(seed=2)
    torch.manual_seed(5)
    assert torch.equal(torch.get_rng_state(), state)  # the global generator is left alone
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    )
    assert not torch.equal(first.head.weight, other.head.weight)


@pytest.mark.parametrize("architecture", ["face_resnet", "small_vgg", "vgg16"])
def test_networks_take_the_resolution_asked_for(architecture: str) -> None:
    model = built(architecture=architecture).eval()
    assert model(torch.rand(2, 1, 32, 32)).logits.shape == (2, 3)


def test_a_file_gives_all_but_the_head(tmp_path: Path) -> None:
    source = built(seed=1)
    safetensors.torch.save_file(source.state_dict(), tmp_path / "t.safetensors")
    model, fresh = built(str(tmp_path / "t.safetensors"), seed=2), built(seed=2)
    assert torch.equal(model.head.weight, fresh.head.weight)
    below = [name for name in source.state_dict() if not name.startswith("head.")]
    assert all(torch.equal(model.state_dict()[name], source.state_dict()[name]) for name in below)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    state = {name.replace("conv2", "conv9"): tensor for name, tensor in built().state_dict().items()}
    safetensors.torch.save_file(state, tmp_path / "t.safetensors")
    with pytest.raises(WeightsMismatch, match="conv9"):
        built(str(tmp_path / "t.safetensors"))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    for name in ("torn", "absent"):
        with pytest.raises(PretrainedUnusable, match="no readable safetensors file"):
            built(str(tmp_path / f"{name}.safetensors"))


def test_packaged_weights_are_loaded_by_name() -> None:
    model = built("face_resnet", architecture="face_resnet")
    assert torch.equal(model.units["stem"][0].weight, face_resnet_tensors()["units.stem.0.weight"])


@pytest.mark.parametrize(("name", "message"), [("imagenet", "give face_resnet"), ("face_resnet", "not VGG")])
def test_names_that_do_not_fit_are_refused(name: str, message: str) -> None:
    with pytest.raises(PretrainedUnusable, match=message):
        built(name)
