"""The step that builds one evaluator, and the way back from the store to it."""

from typing import Literal

from results.judges import weakness
from results.stores.store import Store, open_store
from search_spaces import EvaluatorConfig
from trainables.datasets import load_data
from trainables.evaluators import (
    Evaluator,
    build_evaluator,
    evaluator_from_tensors,
    evaluator_tensors,
    kept_accuracy,
)
from trainables.out_of_memory import training_memory
from trainables.step import StepOutcome, single_threaded
from trainables.storage.artifacts import intact, load_tensors, save_tensors
from trainables.training.training import TrainingFailed


def build_evaluator_step(config: EvaluatorConfig, store_uri: str) -> StepOutcome:
    """Build the evaluator of ``config`` once and keep it in the store; ``values`` are its id and accuracy.

    Returns at once when the store has it; a corrupt one is built again. ``reason`` is a warning when it does
    not know the real pictures well enough. Evaluators have no table: a training that fails leaves nothing
    behind and is tried again by the next call. Raises the store's errors, ``OutOfMemory`` and
    ``NotJudgeable``.
    """
    store = open_store(store_uri)
    single_threaded(config.threads)
    path = config.artifact_path
    if intact(store, path):
        return _outcome("found", config, kept_accuracy(load_tensors(store, path)))
    try:
        with training_memory(f"the evaluator {config.evaluator.kind}", "its batch_size"):
            evaluator = build_evaluator(config, load_data(config.data))
    except TrainingFailed as failure:
        return StepOutcome("failed", str(failure), {"evaluator_id": config.piece_id, "accuracy": None})
    store.delete(real_pictures_path(config))  # what another evaluator said of them, should it be there
    save_tensors(store, path, evaluator_tensors(evaluator))
    return _outcome("done", config, evaluator.accuracy)


def _outcome(status: Literal["done", "found"], config: EvaluatorConfig, accuracy: float) -> StepOutcome:
    warning = weakness(config.evaluator.kind, accuracy)
    return StepOutcome(status, warning, {"evaluator_id": config.piece_id, "accuracy": accuracy})


def load_evaluator(config: EvaluatorConfig, store: Store) -> Evaluator:
    """Return the evaluator that ``build_evaluator_step`` kept.

    Raises the store's error when there is none.
    """
    tensors = load_tensors(store, config.artifact_path)
    return evaluator_from_tensors(config, load_data(config.data), tensors)


def real_pictures_path(config: EvaluatorConfig) -> str:
    """Return where the store keeps what this evaluator says of real pictures."""
    return f"artifacts/real_pictures/{config.piece_id}.safetensors"
