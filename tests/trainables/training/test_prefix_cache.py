"""Kept activations of a frozen prefix: what they are, when they are used, and that training agrees."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from tldmi_sweep.testing.defense_contract import CLASSES, DATA, fresh_target
from trainables.defenses import build_defense
from trainables.models.suffix import Suffix
from trainables.models.target_model import TargetModel
from trainables.training import prefix_cache
from trainables.training.accuracy import unit_range
from trainables.training.inputs import Activations, Inputs, Pictures, training_inputs
from trainables.training.prefix_cache import NoRoomForActivations, constant_depth, prefix_activations
from trainables.training.recipe import Recipe
from trainables.training.training import Training

IMAGES = DATA.private_train.images
RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=5e-3, prefix_cache_mib=1)
FROZEN = Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval"))
MAPS = Path("/proc/self/maps")


def in_training_mode(defense: Defense) -> TargetModel:
    model, objective = fresh_target(defense), build_defense(defense, 3)
    objective.prepare(model)
    objective.train_mode(model)
    return model


def inputs(defense: Defense, recipe: Recipe) -> Inputs:
    with training_inputs(in_training_mode(defense), IMAGES, recipe, seed=1) as found:
        return found


def prefix_of(model: TargetModel, depth: int, images: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        activations = model.normalise(unit_range(images))
        for unit in list(model.units.values())[:depth]:
            activations = unit(activations)
    return activations


@pytest.mark.parametrize(
    ("defense", "depth"),
    [
        (FROZEN, 3),
        (Defense.of(TLDMI(freeze_depth=3, frozen_bn="train")), 0),
        (Defense.of(TLDMI(freeze_depth=6, frozen_bn="eval")), 6),
        (Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"), MID()), 2),
        (Defense.of(LayerWise(trainable=("last",), frozen_bn="eval")), 4),
        (Defense.of(LayerWise(trainable=("conv2", "last"), frozen_bn="eval")), 1),
        (Defense(), 0),
        (Defense.of(MID()), 0),
    ],
)
def test_the_prefix_that_always_answers_the_same(defense: Defense, depth: int) -> None:
    assert constant_depth(in_training_mode(defense)) == depth


def test_one_trained_weight_or_one_module_in_training_mode_ends_the_constant_prefix() -> None:
    for unit in ("conv1", "conv2"):
        model = in_training_mode(FROZEN)
        before = list(model.units).index(unit)
        next(model.units[unit].parameters()).requires_grad_(True)
        assert constant_depth(model) == before
        model = in_training_mode(FROZEN)
        next(iter(model.units[unit].children())).train()
        assert constant_depth(model) == before


@pytest.mark.parametrize("mirror", [False, True])
def test_activations_are_those_of_the_pictures_and_their_mirror_images(mirror: bool) -> None:
    model = in_training_mode(FROZEN)
    with prefix_activations(model, 3, IMAGES, mirror, memory_mib=1) as kept:
        assert kept is not None
        expected = [prefix_of(model, 3, IMAGES)]
        expected += [prefix_of(model, 3, IMAGES.flip(-1))] if mirror else []
        torch.testing.assert_close(kept, torch.cat(expected), rtol=1e-5, atol=1e-6)


def test_memory_and_disk_hold_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = in_training_mode(FROZEN)
    with prefix_activations(model, 3, IMAGES, True, memory_mib=1) as in_memory:
        assert in_memory is not None
        memory = in_memory.clone()
    assert memory.numel() * 4 < 2**20
    monkeypatch.setattr(prefix_cache, "MIB", memory.numel() * 4 // 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = mapped_bytes(tmp_path)
    with prefix_activations(model, 3, IMAGES, True, memory_mib=1) as on_disk:
        assert on_disk is not None
        assert mapped_bytes(tmp_path) - before >= memory.numel() * 4
        assert torch.equal(on_disk, memory)
        assert list(tmp_path.iterdir()) == [], "a process that is killed leaves nothing"


def mapped_bytes(folder: Path) -> int:
    """Return how much of files in ``folder``, also of removed ones, this process has mapped."""
    ranges = [line.split()[0].split("-") for line in MAPS.read_text().splitlines() if str(folder) in line]
    return sum(int(end, 16) - int(start, 16) for start, end in ranges)


def test_half_precision_is_kept_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = in_training_mode(FROZEN)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with torch.autocast("cpu", torch.bfloat16):
        with prefix_activations(model, 3, IMAGES, False, memory_mib=1) as memory:
            assert memory is not None
            assert memory.dtype == torch.bfloat16
        monkeypatch.setattr(prefix_cache, "MIB", memory.numel() * 2 // 2)
        with prefix_activations(model, 3, IMAGES, False, memory_mib=1) as disk:
            assert disk is not None
            assert torch.equal(disk, memory)


def test_too_many_activations_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_cache, "MIB", 16)
    with prefix_activations(in_training_mode(FROZEN), 3, IMAGES, True, memory_mib=1) as kept:
        assert kept is None
    assert isinstance(inputs(FROZEN, RECIPE), Pictures)


def test_a_full_disk_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_cache, "MIB", 30_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5))
    with (
        pytest.raises(NoRoomForActivations, match=r"take 4 MiB.* has 0 MiB left; point TMPDIR"),
        prefix_activations(in_training_mode(FROZEN), 3, IMAGES, False, memory_mib=1),
    ):
        pass


@pytest.mark.parametrize(
    "changes",
    [
        {"prefix_cache_mib": 0},
        {"crop_scale": 0.9},
        {"color_jitter": (0.1, 0.0, 0.0, 0.0)},
        {"cutout": 0.2},
        {"epochs": 2},
        {"epochs": 1, "horizontal_flip": 0.0},
    ],
)
def test_nothing_is_kept_where_it_is_not_allowed_or_does_not_pay(changes: dict[str, object]) -> None:
    assert isinstance(inputs(FROZEN, RECIPE), Activations)
    assert isinstance(inputs(FROZEN, replace(RECIPE, **changes)), Pictures)


def test_batches_are_the_pictures_that_the_plain_training_would_mirror() -> None:
    model = in_training_mode(FROZEN)
    indices = torch.tensor([5, 3, 17, 3, 20, 11])
    with training_inputs(model, IMAGES, RECIPE, seed=4) as kept:
        found = [kept.batch(indices) for _ in range(3)]
        assert isinstance(kept.network, Suffix)
    with training_inputs(model, IMAGES, replace(RECIPE, prefix_cache_mib=0), seed=4) as plain:
        expected = [plain.batch(indices) for _ in range(3)]
    for activations, images in zip(found, expected, strict=True):
        whole = prefix_of(model, 3, (images * 255).round().to(torch.uint8))
        torch.testing.assert_close(activations, whole, rtol=1e-5, atol=1e-6)


def trained(defense: Defense, recipe: Recipe, seed: int = 2) -> Training[TargetModel]:
    torch.set_num_threads(1)
    model, objective = fresh_target(defense), build_defense(defense, 3)
    objective.prepare(model)
    training = Training(model, objective, recipe, DATA.private_train, CLASSES, seed)
    training.run()
    return training


@pytest.mark.parametrize("defense", [FROZEN, Defense.of(TLDMI(freeze_depth=3, frozen_bn="eval"), MID())])
def test_training_agrees_with_the_plain_one_to_rounding(defense: Defense) -> None:
    kept, plain = (trained(defense, replace(RECIPE, prefix_cache_mib=size)) for size in (1, 0))
    others = plain.model.state_dict()
    for name, value in kept.model.state_dict().items():
        torch.testing.assert_close(value, others[name], rtol=1e-2, atol=1e-3)
    for one, other in zip(kept.curve, plain.curve, strict=True):
        assert one.values["loss"] == pytest.approx(other.values["loss"], rel=1e-3)
        assert one.values["train_acc"] == other.values["train_acc"]


def test_the_prefix_runs_once_for_each_picture_and_mirror_image() -> None:
    model, objective, seen = fresh_target(), build_defense(FROZEN, 3), []
    objective.prepare(model)
    model.units["conv1"].register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    Training(model, objective, RECIPE, DATA.private_train, CLASSES, seed=2).run()
    assert sum(seen) == 2 * len(IMAGES) + 1
