"""Settings of evaluators that contradict each other are refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.evaluation import TrainedClassifier
from search_spaces.files import PinnedFile

FILE = PinnedFile(path=Path("judge.safetensors"))


@pytest.mark.parametrize(
    "settings",
    [
        {"pretrained": "weights"},
        {"architecture": "small_cnn", "pretrained": "weights"},
        {"architecture": "facenet112", "pretrained": "weights", "checkpoint": FILE},
    ],
)
def test_only_a_published_network_without_a_checkpoint_starts_from_weights(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="pretrained is what facenet112"):
        TrainedClassifier(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture": "facenet112", "pretrained": "weights"},
        {"architecture": "facenet112", "checkpoint": FILE},
        {"checkpoint": FILE},
    ],
)
def test_weights_and_checkpoints_are_taken_where_they_belong(settings: dict[str, Any]) -> None:
    found = TrainedClassifier(**settings)
    assert {name: getattr(found, name) for name in settings} == settings
