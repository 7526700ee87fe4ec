"""Evaluators and T look at the 8-bit reconstructions of an attack; nobody chooses any."""

from dataclasses import dataclass

import torch
from torch import Tensor

from results.store import Store
from search_spaces import EvaluatorConfig
from trainables.artifacts import load_tensors, save_tensors
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData
from trainables.evaluator import build_evaluator_step, evaluator_path, load_evaluator
from trainables.evaluators import Evaluator
from trainables.metrics import Judged
from trainables.models.target_model import TargetModel
from trainables.step import StepFailed
from trainables.training import EVALUATION_BATCH, unit_range


@dataclass(frozen=True)
class Judge:
    """An evaluator, and its features (N, d) of the private training pictures."""

    evaluator: Evaluator
    private_features: Tensor
    private_labels: Tensor


def load_judge(config: EvaluatorConfig, store: Store, data: FaceData) -> Judge:
    """Return the judge of ``config``; what the store lacks of it is built and kept.

    Raises ``StepFailed`` when the evaluator's training fails, ``NotJudgeable`` when it cannot use ``data``.
    """
    if not store.exists(evaluator_path(config)):
        outcome = build_evaluator_step(config, store.uri)
        if outcome.status == "failed":
            raise StepFailed(f"evaluator {config.evaluator.kind}: {outcome.reason}")
    evaluator = load_evaluator(config, store)
    return Judge(evaluator, _private_features(config, evaluator, store, data), data.private_train.labels)


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
        for rows in torch.split(result.found.nonzero()[:, 0], EVALUATION_BATCH):
            softmax = target(unit_range(result.images[rows])).logits.softmax(1).cpu()
            probability[rows] = softmax.gather(1, result.class_index[rows, None])[:, 0]
    return probability


def _scattered(values: Tensor, found: Tensor) -> Tensor:
    rows = torch.zeros(len(found), values.shape[1])
    rows[found] = values.float()
    return rows


def _private_features(config: EvaluatorConfig, evaluator: Evaluator, store: Store, data: FaceData) -> Tensor:
    """Return the features of D_priv train; they are computed once per evaluator and kept in the store."""
    path = f"artifacts/private_features/{config.evaluator_id}.safetensors"
    if not store.exists(path):
        save_tensors(store, path, {"features": evaluator.judge(data.private_train.images).feature})
    return load_tensors(store, path)["features"]
