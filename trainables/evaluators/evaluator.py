"""The interface of every evaluator: who judges reconstructions. Evaluators never choose them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.memory import split_to_fit
from trainables.training.accuracy import unit_range

JUDGED_BATCH = 32
"""Pictures in one forward pass of an evaluator: face networks at 112x112 take about 10 MB a picture."""


class NotJudgeable(ValueError):
    """An evaluator cannot work on this data set."""


class Judgement(NamedTuple):
    """What an evaluator says of B pictures: ``feature`` (B, d) and ``scores`` (B, K), float32 on the CPU.

    The class with the highest score is the one it gives a picture; distances are measured between features.
    """

    feature: Tensor
    scores: Tensor


class Evaluator(ABC):
    """Judges 8-bit pictures of the resolution of the attack.

    ``name`` is the kind of its settings; ``accuracy``, in [0, 1], is measured on real D_priv test pictures.
    """

    name: str
    accuracy: float

    def judge(self, images: Tensor) -> Judgement:
        """Return feature and scores of uint8 ``images`` (B, C, S, S).

        Fewer at a time when memory lacks. Raises ``TypeError`` for other types.
        """
        with torch.no_grad():
            parts = split_to_fit(
                images, JUDGED_BATCH, lambda batch: self.judge_batch(unit_range(batch)), self.name
            )
        feature, scores = (torch.cat(part).float().cpu() for part in zip(*parts, strict=True))
        return Judgement(feature, scores)

    @abstractmethod
    def judge_batch(self, images: Tensor) -> Judgement:
        """Return feature and scores of one batch of float ``images`` in [0, 1] on the device of all steps."""

    def read_attributes(self, images: Tensor) -> Mapping[str, list[str]] | None:
        """Return for uint8 ``images`` (B, C, S, S) attribute -> the value that each shows.

        ``None``: this evaluator recognises persons, not their attributes.
        """
        return None

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Return what was measured or trained, to restore the evaluator from.

        ``accuracy`` is added by the caller.
        """


def measured_accuracy(evaluator: Evaluator, pictures: LabelledImages) -> float:
    """Return the share of ``pictures``, in [0, 1], that ``evaluator`` gives their own class."""
    predicted = evaluator.judge(pictures.images).scores.argmax(1)
    return float((predicted == pictures.labels).double().mean())


def resized(images: Tensor, size: int) -> Tensor:
    """Return float ``images`` (B, 1 or 3, S, S) in colour as (B, 3, size, size), bilinear like Pillow."""
    colour = images.expand(-1, 3, -1, -1)
    if images.shape[-1] == size:
        return colour
    return torch.nn.functional.interpolate(colour, size=(size, size), mode="bilinear", antialias=True)


def require_test_pictures(data: FaceData) -> None:
    """Raise ``NotJudgeable`` when ``data`` has no private test pictures to measure an evaluator on."""
    if not len(data.private_test):
        raise NotJudgeable(
            f"data set {data.name}: no private test pictures; an evaluator is measured on them"
        )
