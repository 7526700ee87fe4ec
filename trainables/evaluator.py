"""The step that builds one evaluator, and the way back from the store to it."""

from dataclasses import replace

from results.evaluator_checks import accuracy_warning
from results.stores.store import Store
from search_spaces import EvaluatorConfig
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.evaluators import (
    Evaluator,
    build_evaluator,
    evaluator_from_tensors,
    evaluator_tensors,
    kept_accuracy,
)
from trainables.storage.artifacts import Tensors
from trainables.tensor_pieces import build_tensors, load_built

ACCURACY = "accuracy"
"""What the row says of an evaluator: its accuracy on the test pictures of D_priv, in [0, 1]."""


@builds(EvaluatorConfig)
def build_evaluator_step(config: EvaluatorConfig, store: Store) -> StepOutcome:
    """Build the evaluator of ``config`` once and keep it in the store; ``values`` hold its accuracy.

    Returns at once when the store has it; a corrupt one is built again. ``reason`` is a warning when it does
    not know the real pictures well enough. A training that fails becomes a failed row. Raises the store's
    errors, ``OutOfMemory`` and ``NotJudgeable``.
    """
    outcome = build_tensors(
        config, store, lambda: _built(config, store), "the evaluator's batch_size", measured=_measured
    )
    accuracy = outcome.values.get(ACCURACY)
    if outcome.status == "failed" or not isinstance(accuracy, float):
        return outcome
    return replace(outcome, reason=accuracy_warning(config.evaluator.kind, accuracy))


def _built(config: EvaluatorConfig, store: Store) -> Tensors:
    evaluator = build_evaluator(config, load_data(config.data))
    store.delete(real_pictures_path(config))  # what another evaluator said of them, should it be there
    return evaluator_tensors(evaluator)


def _measured(tensors: Tensors) -> dict[str, float]:
    return {ACCURACY: kept_accuracy(tensors)}


def load_evaluator(config: EvaluatorConfig, store: Store) -> Evaluator:
    """Return the evaluator of ``config``; builds it first when the store lacks it.

    Raises ``StepFailed`` when its training fails.
    """
    return evaluator_from_tensors(config, load_data(config.data), load_built(config, store))


def real_pictures_path(config: EvaluatorConfig) -> str:
    """Return where the store keeps what this evaluator says of real pictures."""
    return f"artifacts/real_pictures/{config.piece_id}.safetensors"
