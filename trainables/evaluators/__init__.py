"""Who judges reconstructions: one class per evaluator, registered for its settings."""

from typing import Any, Protocol

import torch
from torch import Tensor

from search_spaces import EvaluatorConfig
from trainables.datasets.dataset import FaceData
from trainables.evaluators.evaluator import (
    Evaluator,
    Judgement,
    NotJudgeable,
    measured_accuracy,
    require_test_pictures,
)
from trainables.implementations import implementation_of

__all__ = [
    "Evaluator",
    "Judgement",
    "NotJudgeable",
    "build_evaluator",
    "evaluator_from_tensors",
    "evaluator_tensors",
    "kept_accuracy",
]


class EvaluatorKind(Protocol):
    """Two ways to get an evaluator of one kind: from the data, or from what was kept of it."""

    def build(self, settings: Any, data: FaceData) -> Evaluator:  # noqa: ANN401
        """Return the evaluator trained or measured on ``data``."""

    def restore(self, settings: Any, data: FaceData, tensors: dict[str, Tensor]) -> Evaluator:  # noqa: ANN401
        """Return the evaluator whose ``tensors`` were kept."""


ACCURACY = "evaluator.accuracy"
"""Name of the accuracy among the kept tensors."""


def build_evaluator(config: EvaluatorConfig, data: FaceData) -> Evaluator:
    """Return the evaluator of ``config``, its accuracy measured on the test pictures of D_priv.

    Raises ``NotJudgeable`` when it cannot work on ``data``, and ``TrainingFailed``.
    """
    require_test_pictures(data)
    evaluator = _kind(config).build(config.evaluator, data)
    evaluator.accuracy = measured_accuracy(evaluator, data.private_test)
    return evaluator


def evaluator_tensors(evaluator: Evaluator) -> dict[str, Tensor]:
    """Return everything that ``evaluator_from_tensors`` needs beside configuration and data."""
    return {**evaluator.tensors(), ACCURACY: torch.tensor(evaluator.accuracy, dtype=torch.float64)}


def evaluator_from_tensors(config: EvaluatorConfig, data: FaceData, tensors: dict[str, Tensor]) -> Evaluator:
    """Return the evaluator that gave ``tensors``; it judges bit for bit as before."""
    own = {name: tensor for name, tensor in tensors.items() if name != ACCURACY}
    evaluator = _kind(config).restore(config.evaluator, data, own)
    evaluator.accuracy = kept_accuracy(tensors)
    return evaluator


def kept_accuracy(tensors: dict[str, Tensor]) -> float:
    """Return the accuracy, in [0, 1], of the evaluator that gave ``tensors``."""
    return float(tensors[ACCURACY])


def _kind(config: EvaluatorConfig) -> EvaluatorKind:
    found: EvaluatorKind = implementation_of(type(config.evaluator))
    return found
