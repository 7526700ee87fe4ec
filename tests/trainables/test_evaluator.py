"""The step that builds an evaluator once."""

from pathlib import Path

import pytest
import torch

from results.stores.opening import open_store
from search_spaces import EvaluatorConfig
from search_spaces.evaluation import KnownAttributes, TrainedClassifier
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables import evaluator as evaluator_step
from trainables.datasets import load_data
from trainables.evaluator import build_evaluator_step, load_evaluator
from trainables.evaluators import NotJudgeable, build_evaluator
from trainables.storage.artifacts import ArtifactRebuilt


def test_it_is_built_once_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_image_folder(tmp_path / "faces")
    config = EvaluatorConfig(data=folder, evaluator=TrainedClassifier(epochs=4, width=4, batch_size=8))
    store = open_store(str(tmp_path / "runs"), create=True)
    first = build_evaluator_step(config, store)
    assert first.status == "done"
    images = load_data(folder).private_test.images
    expected = build_evaluator(config, load_data(folder)).judge(images)
    loaded = load_evaluator(config, store)
    assert torch.equal(loaded.judge(images).scores, expected.scores)
    assert loaded.accuracy == first.values["accuracy"]

    def refuse(*_: object) -> None:
        raise AssertionError("an evaluator that is in the store was built again")

    monkeypatch.setattr(evaluator_step, "build_evaluator", refuse)
    again = build_evaluator_step(config, store)
    assert again.status == "found"
    assert again.values == first.values


def test_a_training_that_fails_leaves_nothing(tmp_path: Path) -> None:
    settings = TrainedClassifier(epochs=3, width=4, batch_size=8, learning_rate=1e30)
    config = EvaluatorConfig(data=tiny_image_folder(tmp_path / "faces"), evaluator=settings)
    store = open_store(str(tmp_path / "runs"), create=True)
    outcome = build_evaluator_step(config, store)
    assert outcome.status == "failed"
    assert "not finite" in (outcome.reason or "")
    assert not store.exists(config.artifact_path)


def test_an_evaluator_that_does_not_fit_the_data_is_refused(tmp_path: Path) -> None:
    config = EvaluatorConfig(data=tiny_image_folder(tmp_path / "faces"), evaluator=KnownAttributes())
    store = open_store(str(tmp_path / "runs"), create=True)
    with pytest.raises(NotJudgeable, match="known_attributes"):
        build_evaluator_step(config, store)


def test_a_corrupt_evaluator_is_built_again_with_a_warning(tmp_path: Path) -> None:
    config = EvaluatorConfig(
        data=tiny_image_folder(tmp_path / "faces"), evaluator=TrainedClassifier(epochs=1, width=4)
    )
    store = open_store(str(tmp_path / "runs"), create=True)
    build_evaluator_step(config, store)
    path = config.artifact_path
    before = store.get_bytes(path)
    store.put_bytes(path, before[:-4] + b"oops")
    seen = evaluator_step.real_pictures_path(config)
    store.put_bytes(seen, b"what the evaluator said")
    with pytest.warns(ArtifactRebuilt, match="built again"):
        assert build_evaluator_step(config, store).status == "done"
    assert store.get_bytes(path) == before
    assert not store.exists(seen)  # on another machine the evaluator may have other bits


@pytest.mark.parametrize(("epochs", "weak"), [(1, True), (30, False)])
def test_an_evaluator_that_does_not_know_the_real_pictures_says_so(
    tmp_path: Path, epochs: int, weak: bool
) -> None:
    settings = TrainedClassifier(epochs=epochs, width=4, batch_size=8)
    config = EvaluatorConfig(data=tiny_image_folder(tmp_path / "faces"), evaluator=settings)
    store = open_store(str(tmp_path / "runs"), create=True)
    for status in ("done", "found"):
        outcome = build_evaluator_step(config, store)
        assert outcome.status == status
        assert ("recognises only" in (outcome.reason or "")) == weak == (outcome.values["accuracy"] < 0.9)
