"""The judges of the literature: how they see pictures, ready weights, prototypes, and training on D_priv.

Small IR networks stand for the large ones; the real ones are in ``models/test_parameter_counts.py``.
"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from PIL import Image
from pydantic import ValidationError
from torch import nn

from search_spaces import EvaluatorConfig
from search_spaces.datasets import DrawnPersons
from search_spaces.evaluation import TrainedClassifier
from search_spaces.files import PinnedFile
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.evaluators import (
    build_evaluator,
    evaluator_from_tensors,
    evaluator_tensors,
    published_networks,
)
from trainables.evaluators.evaluator import Evaluator
from trainables.evaluators.published_networks import PUBLISHED, EnlargedNetwork, Published, enlarged
from trainables.models import PretrainedUnusable
from trainables.models.ir_network import IRSE50, IRTarget
from trainables.training.accuracy import unit_range
from trainables.weights.fitting import WeightsMismatch

DATA = tiny_face_data(classes=4, train_per_class=8, test_per_class=3)
TINY = (1, 1, 1, 1)
SIZE = 16


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges of 16x16 with one unit per stage."""
    torch.set_num_threads(1)
    monkeypatch.setattr("trainables.models.ir_network.IR50", TINY)
    builders = {
        "facenet112": Published(lambda classes, trained: IRTarget(classes, TINY, SIZE), SIZE),
        "ir_se50": Published(lambda classes, trained: IRSE50(classes, SIZE, decoder=trained), SIZE),
    }
    monkeypatch.setattr(published_networks, "PUBLISHED", builders)


def config(**values: Any) -> EvaluatorConfig:
    return EvaluatorConfig(data=DrawnPersons(), evaluator=TrainedClassifier(**values))


def saved(folder: Path, network: nn.Module, *, head: bool = True) -> Path:
    state = {name: tensor for name, tensor in network.state_dict().items() if head or "head." not in name}
    safetensors.torch.save_file(state, folder / "judge.safetensors")
    return folder / "judge.safetensors"


@pytest.fixture
def ready(tmp_path: Path) -> tuple[Path, IRTarget]:
    torch.manual_seed(0)
    network = IRTarget(4, TINY, SIZE)
    return saved(tmp_path, network), network.eval()


def test_sizes_of_the_published_judges() -> None:
    assert {name: judge.size for name, judge in PUBLISHED.items()} == {
        "facenet112": 112,
        "ir_se50": 112,
        "inception_v3": 299,
    }


def test_pictures_are_enlarged_to_8_bit_as_pillow_does() -> None:
    image = DATA.private_test.images[0]
    pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((112, 112), Image.Resampling.BILINEAR)
    found = enlarged(unit_range(image[None]), 112)[0].cpu() * 255
    assert torch.equal(found, found.round())
    expected = torch.frombuffer(bytearray(pillow.tobytes()), dtype=torch.uint8).view(112, 112, 3)
    assert (found - expected.permute(2, 0, 1)).abs().max() <= 1


def test_ready_weights_judge_as_their_network(ready: tuple[Path, IRTarget]) -> None:
    path, network = ready
    judge = build_evaluator(config(architecture="facenet112", checkpoint=path), DATA)
    images = DATA.private_test.images
    with torch.no_grad():
        feature, logits = network(enlarged(images.float() / 255, SIZE))
    found = judge.judge(images)
    torch.testing.assert_close(found.feature, feature, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found.scores, logits, atol=1e-5, rtol=1e-4)


def assert_restored(judge: Evaluator, settings: EvaluatorConfig) -> None:
    again = evaluator_from_tensors(settings, DATA, evaluator_tensors(judge))
    images = DATA.private_test.images
    assert torch.equal(again.judge(images).scores, judge.judge(images).scores)


def test_they_are_restored_without_the_file(ready: tuple[Path, IRTarget]) -> None:
    path, _ = ready
    settings = config(architecture="facenet112", checkpoint=path)
    judge = build_evaluator(settings, DATA)
    path.unlink()
    assert_restored(judge, settings)


def test_the_hash_of_ready_weights_is_checked(ready: tuple[Path, IRTarget]) -> None:
    path, _ = ready
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    build_evaluator(config(architecture="facenet112", checkpoint=PinnedFile(path=path, sha256=sha256)), DATA)
    wrong = config(architecture="facenet112", checkpoint=PinnedFile(path=path, sha256="0" * 64))
    with pytest.raises(PretrainedUnusable, match=sha256):
        build_evaluator(wrong, DATA)


def test_ready_weights_of_other_classes_are_refused(ready: tuple[Path, IRTarget]) -> None:
    more = tiny_face_data(classes=5)
    with pytest.raises(WeightsMismatch, match=r"head\.weight \(4, 512\) instead of \(5, 512\)"):
        build_evaluator(config(architecture="facenet112", checkpoint=ready[0]), more)


def test_ready_weights_without_a_head_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, IRTarget(4, TINY, SIZE), head=False)
    with pytest.raises(WeightsMismatch, match=r"missing: head\.bias, head\.weight"):
        build_evaluator(config(architecture="facenet112", checkpoint=path), DATA)


def test_an_embedding_is_judged_by_the_mean_training_embeddings(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = IRSE50(4, SIZE, decoder=False).eval()
    settings = config(architecture="ir_se50", checkpoint=saved(tmp_path, network, head=False))
    judge = build_evaluator(settings, DATA)
    train = DATA.private_train
    embedded = judge.judge(train.images).feature
    prototypes = torch.stack([embedded[train.labels == label].mean(0) for label in range(4)])
    feature, scores = judge.judge(DATA.private_test.images)
    expected = -(feature[:, None] - prototypes).square().sum(2)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-4)
    assert judge.accuracy >= 0.75
    assert_restored(judge, settings)


def test_a_finished_ir_se50_keeps_its_decoder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = IRSE50(4, SIZE, decoder=True).eval()
    settings = config(architecture="ir_se50", checkpoint=saved(tmp_path, network))
    judge = build_evaluator(settings, DATA)
    images = DATA.private_test.images
    with torch.no_grad():
        expected = network(enlarged(images.float() / 255, SIZE)).logits
    torch.testing.assert_close(judge.judge(images).scores, expected, atol=1e-5, rtol=1e-4)
    assert_restored(judge, settings)


@pytest.mark.parametrize(
    ("architecture", "epochs"), [("facenet112", 14), pytest.param("ir_se50", 14, marks=pytest.mark.slow)]
)
def test_without_ready_weights_they_are_trained_on_the_private_people(architecture: str, epochs: int) -> None:
    settings = config(architecture=architecture, epochs=epochs, batch_size=8, learning_rate=1e-3)
    judge = build_evaluator(settings, DATA)
    assert judge.accuracy >= 0.75
    assert_restored(judge, settings)


def test_training_starts_from_pretrained_weights(ready: tuple[Path, IRTarget]) -> None:
    """With a learning rate of almost nothing the trained judge is what it started from, but for its head."""
    path, network = ready
    settings = config(architecture="facenet112", pretrained=str(path), epochs=1, learning_rate=1e-12)
    tensors = evaluator_tensors(build_evaluator(settings, DATA))
    for name, parameter in network.named_parameters():
        found = tensors[f"network.{name}"]
        assert torch.allclose(found, parameter, atol=1e-6) != name.startswith("head."), name


@pytest.mark.parametrize(
    "values", [{"architecture": "small_cnn"}, {"architecture": "facenet112", "checkpoint": "x.safetensors"}]
)
def test_pretrained_is_only_for_published_networks_that_are_trained(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="pretrained is what"):
        TrainedClassifier(pretrained="face_resnet", **values)


def test_a_small_cnn_may_come_ready_too(tmp_path: Path) -> None:
    trained = build_evaluator(config(epochs=8, width=4, batch_size=8), DATA)
    state = {
        name: tensor for name, tensor in evaluator_tensors(trained).items() if name != "evaluator.accuracy"
    }
    safetensors.torch.save_file(state, tmp_path / "small.safetensors")
    ready = build_evaluator(config(checkpoint=tmp_path / "small.safetensors", width=4), DATA)
    images = DATA.private_test.images
    assert torch.equal(ready.judge(images).scores, trained.judge(images).scores)


def test_grey_pictures_are_judged_as_grey_colour(ready: tuple[Path, IRTarget]) -> None:
    network = EnlargedNetwork(ready[1], SIZE)
    grey = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(grey).logits, network(grey.expand(-1, 3, -1, -1)).logits)
