"""Evaluators and T look at the 8-bit reconstructions of an attack; nobody chooses any."""

from dataclasses import dataclass

import torch
from torch import Tensor

from results.stores.store import Store
from search_spaces import EvaluatorConfig, seed_stream
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData
from trainables.evaluator import load_evaluator, real_pictures_path
from trainables.evaluators import Evaluator, Judgement
from trainables.memory import split_to_fit
from trainables.metrics import Judged, accepted_as, accepting_scores, deceived_classes, false_positive_rate
from trainables.models.target_model import TargetModel
from trainables.storage.artifacts import load_or_build
from trainables.training.accuracy import EVALUATION_BATCH, unit_range

MOST_STRANGERS = 2000
"""Public pictures that an evaluator is tried on, drawn at random from all."""


@dataclass(frozen=True)
class Judge:
    """An evaluator and what it says of real pictures."""

    evaluator: Evaluator
    private_features: Tensor
    """(N, d): features of the private training pictures."""
    private_labels: Tensor
    """int64 (N,)"""
    accepted: Tensor
    """int64 (P,): the class that each public picture is taken for as surely as that class's own, or -1."""
    public_features: Tensor | None = None
    """(P, d): features of the same public pictures; nothing in stores of before they were kept."""

    def false_positive_rate(self, attacked: Tensor) -> float | None:
        """Return the share of public pictures taken for one of the ``attacked`` classes."""
        return false_positive_rate(self.accepted, attacked)

    def deceived_classes(self, attacked: Tensor) -> float | None:
        """Return the share of the ``attacked`` classes that some public picture is taken for."""
        return deceived_classes(self.accepted, attacked)


def load_judge(config: EvaluatorConfig, store: Store, data: FaceData) -> Judge:
    """Return the judge of ``config``; what the store lacks of it is built and kept.

    Raises ``StepFailed`` when the evaluator's training fails, ``NotJudgeable`` when it cannot use ``data``.
    """
    evaluator = load_evaluator(config, store)
    seen = load_or_build(store, real_pictures_path(config), lambda: _of_real_pictures(evaluator, data))
    labels = data.private_train.labels
    return Judge(evaluator, seen["features"], labels, seen["accepted"], seen.get("public_features"))


def judged(result: Reconstructions, probability: Tensor, judge: Judge) -> Judged:
    """Return the rows of ``result`` as ``judge`` sees them; ``probability`` (R,): T's of the attacked class.

    Rows without a picture are not shown.
    """
    seen = judge.evaluator.judge(result.images[result.found]) if result.found.any() else None
    classes = int(judge.private_labels.max()) + 1
    width = judge.private_features.shape[1]
    return Judged(
        class_index=result.class_index,
        restart=result.restart,
        found=result.found,
        scores=_scattered(seen.scores if seen else torch.zeros(0, classes), result.found),
        features=_scattered(seen.feature if seen else torch.zeros(0, width), result.found),
        target_probability=probability,
        private_features=judge.private_features,
        private_labels=judge.private_labels,
    )


def target_probability(result: Reconstructions, target: TargetModel) -> Tensor:
    """Return T's probability of the attacked class on each 8-bit image, (R,); 0 for rows without one."""
    probability = torch.zeros(len(result))
    with torch.inference_mode():
        images = result.images[result.found]
        softmax = split_to_fit(
            images, EVALUATION_BATCH, lambda part: target(unit_range(part)).logits.softmax(1).cpu(), "T"
        )
    wanted = result.class_index[result.found]
    probability[result.found] = torch.cat(softmax).gather(1, wanted[:, None])[:, 0]
    return probability


def _scattered(values: Tensor, found: Tensor) -> Tensor:
    rows = torch.zeros(len(found), values.shape[1])
    rows[found] = values.float()
    return rows


def _of_real_pictures(evaluator: Evaluator, data: FaceData) -> dict[str, Tensor]:
    """Return the features of D_priv train, and for which class public pictures are taken."""
    test = evaluator.judge(data.private_test.images)
    accepting = accepting_scores(test.scores, data.private_test.labels)
    strangers = data.public.images[some_public(data)]
    seen = evaluator.judge(strangers) if len(strangers) else Judgement(test.feature[:0], test.scores[:0])
    return {
        "features": evaluator.judge(data.private_train.images).feature,
        "accepted": accepted_as(seen.scores, accepting),
        "public_features": seen.feature,
    }


def some_public(data: FaceData) -> Tensor:
    """Return at most ``MOST_STRANGERS`` indices of public pictures, the same in every call, sorted."""
    generator = torch.Generator().manual_seed(seed_stream(0, "strangers"))
    return torch.randperm(len(data.public), generator=generator)[:MOST_STRANGERS].sort().values
