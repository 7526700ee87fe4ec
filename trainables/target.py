"""The step that trains one T, and the way back from the store to the model."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from results.labels import configuration_label
from results.schema import TARGETS, TIMING_COLUMNS
from results.statistics.fitness import unfit_reason
from results.stores.store import Store
from search_spaces import TargetConfig, canonical_json, seed_stream
from trainables.build import StepOutcome, builds, piece_row
from trainables.datasets import load_data
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.defenses import BuiltDefense, build_defense
from trainables.memory import training_memory
from trainables.models import build_target
from trainables.models.pretrained import load_below_head
from trainables.models.target_model import TargetModel
from trainables.pretraining import load_pretraining
from trainables.step import device, provenance, single_threaded, started
from trainables.storage.artifacts import intact, load_tensors, save_tensors
from trainables.storage.checkpoint import Checkpoint, remove_checkpoints
from trainables.training.accuracy import accuracy
from trainables.training.curve import EpochRow
from trainables.training.recipe import Recipe
from trainables.training.selection import held_out
from trainables.training.training import Measured, Training, TrainingFailed

LOWER = "target.batch_size or set target.mixed_precision"
"""What makes a training take less memory."""


class TargetMissing(LookupError):
    """The store has no trained T of this configuration."""


@builds(TargetConfig)
def train_target(config: TargetConfig, store: Store) -> StepOutcome:
    """Train the T of ``config`` and write its weights, its curve and, last, its row in the targets table.

    A training that was preempted goes on from its last checkpoint.
    Returns at once when the store has the row; T is trained again, with a warning, when its weights are lost
    or corrupt. A training that fails (``TrainingFailed``) is written as a failed row with its reason. Raises
    the store's errors, ``OutOfMemory``, and ``ValueError`` for data or settings that cannot be used.
    """
    row = piece_row(config, store)
    if row is not None and _has_weights(row, store):
        return _outcome(row, "found")
    single_threaded(config.threads)
    start = started()
    row = _train(config, store)
    store.write_rows("targets", config.piece_id, [{**row, **provenance(start)}])
    remove_checkpoints(store, config.piece_id)
    return _outcome(row, "done")


def load_target(config: TargetConfig, store: Store) -> TargetModel:
    """Return the trained T of ``config``: eval mode, frozen, on the device of all steps.

    Raises ``TargetMissing`` when the store has no T of this configuration, or only a failed one.
    """
    row = piece_row(config, store)
    if row is None or row["status"] != "done":
        state = "not trained yet" if row is None else f"failed ({row['reason']})"
        raise TargetMissing(f"target {config.piece_id} in {store.uri}: {state}; train it first")
    tensors = load_tensors(store, row["artifact"], row["artifact_sha256"])
    data = load_data(config.data)
    blank = config.target.model_copy(update={"pretrained": None})
    blank_model = build_target(blank, data.num_classes, data.resolution, seed=0)
    model = build_defense(config.defense, config.seed).network(blank_model)
    model.load_state_dict(tensors)
    return model.to(device()).eval().requires_grad_(False)


def _has_weights(row: Mapping[str, Any], store: Store) -> bool:
    """Return whether the weights of a trained T are what its row says; a failed one has none to lose."""
    return row["status"] == "failed" or intact(store, row["artifact"], row["artifact_sha256"])


def _train(config: TargetConfig, store: Store) -> dict[str, Any]:
    data = load_data(config.data)
    training = _training(config, data, store)
    model = training.model
    row = _described(config, data, training)
    kept = Checkpoint(store, config.piece_id, {"data": data.content_hash})
    start = time.perf_counter()
    try:
        with training_memory(f"the training of {config.target.architecture}", LOWER):
            curve = [] if config.control == "untrained" else training.run(kept)
    except TrainingFailed as failure:
        _write_curve(config, store, failure.curve)
        seconds, epochs = kept.seconds_before + time.perf_counter() - start, len(failure.curve)
        return {
            **row,
            "status": "failed",
            "reason": str(failure),
            "epochs": epochs,
            "steps": _steps(failure.curve),
            "training_seconds": seconds,
        }
    seconds = kept.seconds_before + time.perf_counter() - start
    _write_curve(config, store, curve)
    return {
        **row,
        "status": "done",
        "reason": None,
        "epochs": len(curve),
        "steps": _steps(curve),
        "training_seconds": seconds,
        **_selected(training),
        **_measured(model, data, training.pictures),
        **_kept(config, store, model),
    }


def _training(config: TargetConfig, data: FaceData, store: Store) -> Training[TargetModel]:
    """Return the training of T, which is built, changed and frozen as the defence says.

    Raises ``ValueError`` for settings that do not fit the model or the pictures, and ``StepFailed`` when its
    pre-training failed.
    """
    defense = build_defense(config.defense, config.seed)
    plain = build_target(config.target, data.num_classes, data.resolution, config.seed)
    if config.pretraining is not None:
        load_below_head(plain, load_pretraining(config.pretraining, store), config.pretraining.name)
    model = defense.network(plain).to(device())
    defense.prepare(model)
    pictures, validation = held_out(
        _training_pictures(config, data), config.target.validation_fraction, config.seed
    )
    recipe = _recipe(config, defense, pictures)
    measured = Measured(validation, data.private_test if recipe.selection == "test_best" else None)
    return Training(model, defense, recipe, pictures, data.num_classes, config.seed, measured)


def _recipe(config: TargetConfig, defense: BuiltDefense, pictures: LabelledImages) -> Recipe:
    """Return how T is trained on ``pictures``.

    A control knows nobody on purpose, so it has no utility to be chosen by or to be given up for.
    """
    recipe = Recipe.of(config.target, pictures.labels)
    if config.control != "none":
        recipe = replace(recipe, selection="last", utility_floor=None)
    return recipe if defense.cacheable_prefix else replace(recipe, prefix_cache_mib=0)


def _selected(training: Training[TargetModel]) -> dict[str, int | float | None]:
    """Return the epoch whose weights T has, and what was measured in it and after it."""
    epoch = training.selected.epoch
    values = {} if epoch is None else training.curve[epoch].values
    return {
        "selected_epoch": epoch,
        "val_acc": values.get("val_acc"),
        "curve_train_acc": values.get("train_acc"),
    }


def _steps(curve: list[EpochRow]) -> int:
    return sum(row.steps for row in curve)


def _training_pictures(config: TargetConfig, data: FaceData) -> LabelledImages:
    """Return D_priv train.

    For ``permuted_labels`` its labels are dealt out at random, so that nobody can be learnt.
    """
    train = data.private_train
    if config.control != "permuted_labels":
        return train
    generator = torch.Generator().manual_seed(seed_stream(config.seed, "permuted_labels"))
    return LabelledImages(train.images, train.labels[torch.randperm(len(train), generator=generator)])


def _described(config: TargetConfig, data: FaceData, training: Training[TargetModel]) -> dict[str, Any]:
    """Return the columns that are known before the training."""
    defense = {**config.defense.columns(), "control": config.control}
    return {
        "target_id": config.piece_id,
        "config_id": config.config_id,
        "config": canonical_json(config),
        **defense,
        "label": configuration_label(defense),
        "seed": config.seed,
        "data": data.name,
        "data_hash": data.content_hash,
        "classes": data.num_classes,
        "train_images": len(training.pictures),
        "test_images": len(data.private_test),
        "architecture": config.target.architecture,
        "pretrained": config.target.pretrained_name,
        "freezes_random_layers": config.freezes_random_layers,
        "recipe": config.target.recipe,
        "selection": training.recipe.selection,
        "theta_t": training.model.theta_t,
        "theta_c": training.model.theta_c,
    }


def _measured(model: TargetModel, data: FaceData, pictures: LabelledImages) -> dict[str, float]:
    """Return natural accuracies: on D_priv test, and on the training pictures with the labels T was given."""
    return {
        "acc": accuracy(model, data.private_test.images, data.private_test.labels),
        "train_acc": accuracy(model, pictures.images, pictures.labels),
    }


def _kept(config: TargetConfig, store: Store, model: TargetModel) -> dict[str, str]:
    path = config.artifact_path
    return {"artifact": path, "artifact_sha256": save_tensors(store, path, model.state_dict())}


def _write_curve(config: TargetConfig, store: Store, curve: list[EpochRow]) -> None:
    rows = [
        {"target_id": config.piece_id, "epoch": row.epoch, "name": name, "value": value}
        for row in curve
        for name, value in row.values.items()
    ]
    if rows:
        store.write_rows("curves", config.piece_id, rows)


def _outcome(row: Mapping[str, Any], status: str) -> StepOutcome:
    values = {name: row.get(name) for name in TARGETS.names if name not in TIMING_COLUMNS}
    if row["status"] == "failed":
        return StepOutcome("failed", row["reason"], values)
    return StepOutcome("done" if status == "done" else "found", unfit_reason(row), values)
