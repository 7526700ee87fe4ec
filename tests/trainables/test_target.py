"""The step that trains T: what it writes, that it works once, how it fails, and its controls."""

import json
from pathlib import Path

import pytest
import torch

from results.defenses import read_defense
from results.schema import TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import TargetConfig
from search_spaces.datasets import ImageFolder
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI, LayerWise
from search_spaces.defenses.mid import MID
from search_spaces.targets import TargetSettings, UtilityFloor
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables import target as target_step
from trainables.build import StepOutcome
from trainables.datasets import load_data
from trainables.defenses import build_defense
from trainables.storage.artifacts import ArtifactCorrupt
from trainables.target import TargetMissing, load_target, train_target
from trainables.training.accuracy import accuracy

SETTINGS = TargetSettings(
    architecture="small_vgg", epochs=8, batch_size=8, optimizer="adam", learning_rate=0.005
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ImageFolder:
    return tiny_image_folder(tmp_path_factory.mktemp("faces"), resolution=16)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "runs"), create=True)


def config(folder: ImageFolder, defense: Defense | None = None, **changes: object) -> TargetConfig:
    return TargetConfig(
        **{"data": folder, "target": SETTINGS, "defense": defense or Defense(), "seed": 1, **changes}
    )


def row(store: Store, of: TargetConfig) -> dict[str, object]:
    (only,) = store.read_rows("targets", of.piece_id).to_pylist()
    return only


def curves(store: Store, of: TargetConfig) -> dict[str, list[float]]:
    """Return the values of each curve, epoch by epoch."""
    found: dict[str, list[float]] = {}
    for row in store.read_rows("curves", of.piece_id).sort_by("epoch").to_pylist():
        found.setdefault(row["name"], []).append(row["value"])
    return found


def test_it_writes_row_curve_and_weights(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.5)))
    outcome = train_target(chosen, store)
    assert (outcome.status, outcome.reason) == ("done", None)
    written = row(store, chosen)
    assert written["status"] == "done"
    assert written["acc"] >= 0.75
    assert written["train_acc"] > 0.9
    assert (written["classes"], written["train_images"], written["test_images"]) == (4, 24, 8)
    assert (written["defense"], written["label"]) == ("bido_hsic", "BiDO-HSIC (λx 0.05, λy 0.5)")
    assert read_defense(written).columns == {"lambda_x": 0.05, "lambda_y": 0.5}
    assert written["theta_t"] == written["theta_c"] + 128  # the bias of the neck
    assert json.loads(written["config"])["defense"][0]["lambda_y"] == 0.5
    assert outcome.values["acc"] == written["acc"]
    assert 0 < written["training_seconds"] <= written["seconds"]
    assert "training_seconds" not in outcome.values
    assert (written["epochs"], written["steps"]) == (8, 24)
    found = curves(store, chosen)
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(
        ("loss", "cross_entropy", "dependence_x", "dependence_y", "train_acc", "learning_rate"), 8
    )


def test_few_pictures_take_more_epochs_and_the_row_says_how_many(folder: ImageFolder, store: Store) -> None:
    longer = SETTINGS.model_copy(update={"epochs": 2, "least_steps": 25})
    chosen = config(folder, target=longer)
    train_target(chosen, store)
    written = row(store, chosen)
    assert (written["epochs"], written["steps"]) == (9, 27)  # 24 pictures in batches of 8
    found = curves(store, chosen)["train_acc"]
    assert len(found) == 9
    assert written["curve_train_acc"] == found[-1]


def test_the_kept_model_is_the_measured_one(folder: ImageFolder, store: Store) -> None:
    chosen, data = config(folder), load_data(folder)
    train_target(chosen, store)
    model = load_target(chosen, store)
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert accuracy(model, data.private_test.images, data.private_test.labels) == row(store, chosen)["acc"]


def test_the_second_call_does_no_work(
    folder: ImageFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = config(folder, target=SETTINGS.model_copy(update={"epochs": 1}))
    first = train_target(chosen, store)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("work was done for a target that is in the store")

    for name in ("load_data", "build_target", "save_tensors", "Training"):
        monkeypatch.setattr(target_step, name, refuse)
    again = train_target(chosen, store)
    assert again.status == "found"
    assert again.values["acc"] == first.values["acc"]
    assert again.values["artifact_sha256"] == first.values["artifact_sha256"]


def test_two_stores_hold_the_same_rows(folder: ImageFolder, tmp_path: Path) -> None:
    chosen = config(folder, Defense.of(TLDMI(freeze_depth=2)))
    rows = []
    for name in ("one", "two"):
        store = open_store(str(tmp_path / name), create=True)
        torch.manual_seed(len(rows))
        train_target(chosen, store)
        rows.append({key: value for key, value in row(store, chosen).items() if key not in TIMING_COLUMNS})
    assert rows[0] == rows[1]
    assert read_defense(rows[0]).columns["freeze_depth"] == 2


def test_a_diverging_training_is_a_failed_row(folder: ImageFolder, store: Store) -> None:
    wild = SETTINGS.model_copy(update={"optimizer": "sgd", "learning_rate": 1e30})
    chosen = config(folder, target=wild)
    outcome = train_target(chosen, store)
    written = row(store, chosen)
    assert outcome.status == written["status"] == "failed"
    assert "not finite" in (outcome.reason or "")
    assert written["reason"] == outcome.reason
    assert written["acc"] is None
    assert written["artifact"] is None
    assert train_target(chosen, store) == StepOutcome("failed", outcome.reason, outcome.values)
    with pytest.raises(TargetMissing, match="failed"):
        load_target(chosen, store)


def test_a_target_that_was_never_trained_is_missing(folder: ImageFolder, store: Store) -> None:
    with pytest.raises(TargetMissing, match="not trained yet"):
        load_target(config(folder), store)


def test_changed_weights_are_refused(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, target=SETTINGS.model_copy(update={"epochs": 1}))
    train_target(chosen, store)
    artifact = str(row(store, chosen)["artifact"])
    store.put_bytes(artifact, store.get_bytes(artifact)[:-1] + b"\x00")
    with pytest.raises(ArtifactCorrupt, match="SHA-256"):
        load_target(chosen, store)


def test_an_impossible_depth_leaves_no_row(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, Defense.of(TLDMI(freeze_depth=9)))
    with pytest.raises(ValueError, match="freeze depth 9"):
        train_target(chosen, store)
    assert not store.has_rows("targets", chosen.piece_id)


def test_an_untrained_control_keeps_its_initial_weights(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, control="untrained")
    outcome = train_target(chosen, store)
    written = row(store, chosen)
    assert outcome.status == "done"
    assert (written["control"], written["epochs"]) == ("untrained", 0)
    assert written["selected_epoch"] is None
    assert len(curves(store, chosen)) == 0
    fresh = target_step.build_target(SETTINGS, 4, 16, seed=chosen.seed)
    kept = load_target(chosen, store).state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in fresh.state_dict().items())


def test_permuted_labels_are_dealt_out_across_the_pictures_of_a_class(
    folder: ImageFolder, store: Store
) -> None:
    data = load_data(folder)
    dealt = target_step._training_pictures(config(folder, control="permuted_labels"), data)
    assert torch.equal(dealt.images, data.private_train.images)
    assert dealt.labels.bincount().tolist() == data.private_train.labels.bincount().tolist()
    of_classes = [dealt.labels[data.private_train.labels == k].unique() for k in range(4)]
    assert all(len(found) > 1 for found in of_classes), "a relabelling of whole classes could still be learnt"


def test_permuted_labels_are_learnt_but_nobody_is(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, control="permuted_labels", target=SETTINGS.model_copy(update={"epochs": 4}))
    assert train_target(chosen, store).status == "done"
    written = row(store, chosen)
    assert written["control"] == "permuted_labels"
    assert written["acc"] <= 0.625


def test_seeds_of_one_configuration_share_its_config_id(folder: ImageFolder) -> None:
    one, two = config(folder), config(folder, seed=2)
    assert one.config_id == two.config_id
    assert one.piece_id != two.piece_id
    assert one.config_id != config(folder, Defense.of(TLDMI(freeze_depth=1))).config_id


def changed(**values: object) -> TargetSettings:
    return SETTINGS.model_copy(update=values)


def test_mid_is_kept_with_its_bottleneck(folder: ImageFolder, store: Store) -> None:
    chosen, data = config(folder, Defense.of(MID(lambda_mid=0.01))), load_data(folder)
    train_target(chosen, store)
    written = row(store, chosen)
    assert read_defense(written).columns == {"lambda_mid": 0.01, "prediction": "sampled"}
    assert curves(store, chosen)["kl"]
    model = load_target(chosen, store)
    assert model.head.in_features == 64
    assert accuracy(model, data.private_test.images, data.private_test.labels) == written["acc"]


def test_trained_groups_and_recipe_are_in_the_row(folder: ImageFolder, store: Store) -> None:
    named = TargetSettings(architecture="small_vgg", recipe="kedmi_vgg16", epochs=2, batch_size=8)
    chosen = config(folder, Defense.of(LayerWise(trainable=("first", "last"))), target=named)
    train_target(chosen, store)
    written = row(store, chosen)
    assert (written["recipe"], written["epochs"]) == ("kedmi_vgg16", 2)
    assert read_defense(written).columns["trainable"] == "first+last"
    assert (written["selection"], written["selected_epoch"], written["val_acc"]) == ("last", 1, None)
    assert curves(store, chosen)["learning_rate"] == [0.01, 0.01]


def test_held_out_pictures_are_not_trained_on_and_choose_the_epoch(folder: ImageFolder, store: Store) -> None:
    target = changed(validation_fraction=0.34, selection="validation_best", epochs=4)
    chosen = config(folder, target=target)
    train_target(chosen, store)
    written, table = row(store, chosen), curves(store, chosen)
    assert written["train_images"] == 24 - 4 * 2
    scores = table["val_acc"]
    assert written["selected_epoch"] == scores.index(max(scores))
    assert written["val_acc"] == max(scores)
    assert "test_acc" not in table


def test_the_published_selection_looks_at_the_test_pictures(folder: ImageFolder, store: Store) -> None:
    chosen = config(folder, target=changed(selection="test_best", epochs=4))
    train_target(chosen, store)
    written, scores = row(store, chosen), curves(store, chosen)["test_acc"]
    assert written["selection"] == "test_best"
    assert written["acc"] == max(scores) == scores[written["selected_epoch"]]


def test_a_target_under_its_utility_floor_is_a_failed_row(folder: ImageFolder, store: Store) -> None:
    floor = UtilityFloor(acc=0.99, epochs=2)
    chosen = config(folder, target=changed(learning_rate=1e-9, utility_floor=floor))
    outcome = train_target(chosen, store)
    assert outcome.status == "failed"
    assert (outcome.reason or "").startswith("utility floor: training accuracy is ")
    assert row(store, chosen)["epochs"] == len(curves(store, chosen)["loss"]) == 2


def test_a_control_has_no_floor_and_no_selection(folder: ImageFolder, store: Store) -> None:
    target = changed(
        epochs=3,
        validation_fraction=0.34,
        selection="validation_best",
        utility_floor=UtilityFloor(acc=1.0, epochs=1),
    )
    chosen = config(folder, target=target, control="permuted_labels")
    assert train_target(chosen, store).status == "done"
    written = row(store, chosen)
    assert (written["selection"], written["selected_epoch"]) == ("last", 2)


@pytest.mark.parametrize(
    ("defense", "kept"),
    [
        (Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval")), True),
        (Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval"), MID()), True),
        (Defense.of(BiDOHSIC()), False),
    ],
)
def test_only_losses_without_hidden_layers_may_use_a_kept_prefix(
    folder: ImageFolder, defense: Defense, kept: bool
) -> None:
    chosen, pictures = config(folder, defense), load_data(folder).private_train
    recipe = target_step._recipe(chosen, build_defense(defense, seed=0), pictures)
    assert recipe.prefix_cache_mib == (SETTINGS.prefix_cache_mib if kept else 0)
