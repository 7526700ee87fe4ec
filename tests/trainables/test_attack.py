"""The attack step on a tiny image folder: what it writes, what it repeats, and how it fails."""

import importlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from results.defenses import DEFENSE_COLUMNS
from results.schema import TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, TargetConfig
from search_spaces.attacks import BREPMI, GMI, LOMMA, LOMMAGMI, AttackSettings
from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI
from search_spaces.evaluation import TrainedClassifier
from search_spaces.image_quality import ImageQuality
from search_spaces.pieces import ControlKind
from search_spaces.priors import WGANGP
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables.attack import NotAttackable, run_attack
from trainables.attacks import rows as rows_module
from trainables.attacks.rows import Rows
from trainables.evaluator import load_evaluator, real_pictures_path
from trainables.evaluators import Evaluator, Judgement
from trainables.generators import Prior
from trainables.storage.artifacts import ArtifactRebuilt, load_tensors, save_tensors
from trainables.target import TargetMissing, train_target

CLASSES = 4
GMI_SETTINGS = GMI(iterations=8, restarts=2, learning_rate=0.2)
BREPMI_SETTINGS = BREPMI(
    iterations=3, max_steps=4, sphere_points=4, inside_to_grow=4, initial_batch=16, initial_draws=32
)


def attack_config(target: TargetConfig, attack: AttackSettings, **changes: Any) -> AttackConfig:
    """Return the attack on ``target`` with a tiny generator and two quick evaluators."""
    return AttackConfig(
        target=target,
        attack=attack,
        prior=WGANGP(z_dim=8, width=4, critic_width=4, generator_steps=3, batch_size=8),
        evaluators=(TrainedClassifier(epochs=6, width=4), TrainedClassifier(epochs=1, width=4, seed=5)),
        **changes,
    )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> TargetConfig:
    """Return the configuration of a small target on a folder of pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    settings = TargetSettings(
        architecture="small_vgg", epochs=3, batch_size=8, optimizer="adam", learning_rate=1e-3
    )
    return TargetConfig(
        data=tiny_image_folder(folder, CLASSES, resolution=32),
        target=settings,
        defense=Defense.of(TLDMI(freeze_depth=1)),
        seed=0,
    )


@pytest.fixture(scope="module")
def store(target: TargetConfig, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store that has the trained target."""
    store = open_store(str(tmp_path_factory.mktemp("store")), create=True)
    assert train_target(target, store).status == "done"
    return store


def rows_of(store: Store, table: str, config: AttackConfig) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.read_rows(table, config.piece_id).to_pylist()
    return rows


def test_the_rows_agree_with_each_other(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS)
    outcome = run_attack(config, store)
    (row,), rows = rows_of(store, "attacks", config), rows_of(store, "reconstructions", config)
    assert outcome.status == row["status"] == "done"
    assert outcome.values["att_acc"] == row["att_acc"]
    assert [(one["class_index"], one["restart"]) for one in rows] == [
        (c, r) for c in range(CLASSES) for r in (0, 1)
    ]
    for prefix in ("", "second_"):
        ranks = [one[f"{prefix}rank"] for one in rows]
        assert row[f"{prefix}att_acc"] == pytest.approx(sum(rank == 0 for rank in ranks) / len(rows))
        assert row[f"{prefix}att_acc_top5"] == 1.0  # four classes
        hits = [one[f"{prefix}predicted"] == one["class_index"] for one in rows]
        assert hits == [rank == 0 for rank in ranks]
    for name in ("target_confidence", "knn_distance", "centroid_distance"):
        assert row[name] == pytest.approx(sum(one[name] for one in rows) / len(rows))
    assert row["att_acc_low"] <= row["att_acc"] <= row["att_acc_high"]
    assert row["queries"] == sum(one["queries"] for one in rows) == len(rows) * 8
    assert (row["reconstructions"], row["attacked_classes"], row["restarts"]) == (8, 4, 2)
    assert row["budget_factor"] == GMI_SETTINGS.iterations * 2 / (3000 * 5)
    assert (row["chance"], row["classes_without_start"]) == (0.25, 0)
    assert row["fid"] > 0
    assert row["kid"] is not None
    assert (row["fid_features"], row["fid_images"]) == ("trained_classifier", 8)
    for prefix in ("", "second_"):
        assert (
            0 <= row[f"{prefix}evaluator_false_positive"] <= row[f"{prefix}evaluator_deceived_classes"] <= 1
        )
    assert {row["lpips"], row["lpips_network"], *(one["lpips"] for one in rows)} == {None}
    assert row["preparation_seconds"] == 0


def test_the_row_repeats_what_is_known_of_the_target(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS)
    run_attack(config, store)
    (row,), (trained,) = (
        rows_of(store, "attacks", config),
        store.read_rows("targets", target.piece_id).to_pylist(),
    )
    for name in ("target_id", "config_id", "acc", "classes", *DEFENSE_COLUMNS, "label", "seed", "control"):
        assert row[name] == trained[name]
    assert row["label"] == "TL-DMI (depth 1)"
    assert (row["evaluator"], row["second_evaluator"]) == ("trained_classifier", "trained_classifier")
    accuracies = [load_evaluator(one, store).accuracy for one in config.evaluator_configs]
    assert [row["evaluator_acc"], row["second_evaluator_acc"]] == accuracies


def test_the_sheet_has_a_cell_for_every_row(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS)
    run_attack(config, store)
    rows = rows_of(store, "reconstructions", config)
    sheet = Image.open(io.BytesIO(store.get_bytes(rows[0]["sheet"])))
    assert sheet.size == (2 * 32, CLASSES * 32)
    assert [(row["sheet_row"], row["sheet_column"]) for row in rows] == [
        (c, r) for c in range(CLASSES) for r in (0, 1)
    ]


def test_a_second_call_finds_the_first(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS)
    first = run_attack(config, store)
    before = rows_of(store, "attacks", config)
    again = run_attack(config, store)
    assert again.status == "found"
    assert again.values == {name: value for name, value in before[0].items() if name not in TIMING_COLUMNS}
    assert {**again.values, **first.values} == again.values
    assert rows_of(store, "attacks", config) == before


@pytest.mark.parametrize("attack", [GMI_SETTINGS, BREPMI_SETTINGS])
def test_two_stores_get_the_same_rows(
    attack: AttackSettings, store: Store, target: TargetConfig, tmp_path: Path
) -> None:
    config, other = attack_config(target, attack), open_store(str(tmp_path), create=True)
    torch.manual_seed(99)
    train_target(target, other)
    run_attack(config, other)
    run_attack(config, store)
    assert rows_of(store, "reconstructions", config) == rows_of(other, "reconstructions", config)
    (left,), (right,) = rows_of(store, "attacks", config), rows_of(other, "attacks", config)
    assert [name for name in left if left[name] != right[name] and name not in TIMING_COLUMNS] == []
    assert store.get_bytes(left["sheet"]) == other.get_bytes(right["sheet"])


def test_a_target_of_a_size_that_no_generator_makes_is_attacked_through_resized_pictures(
    tmp_path: Path,
) -> None:
    """Two attacks name two priors, of 16 and of 32 pixels, cropped to 24; T takes 48."""
    store = open_store(str(tmp_path / "store"), create=True)
    settings = TargetSettings(architecture="small_vgg", epochs=1, batch_size=8)
    target = TargetConfig(
        data=tiny_image_folder(tmp_path, CLASSES, resolution=48), target=settings, defense=Defense(), seed=0
    )
    train_target(target, store)
    small = {"z_dim": 8, "width": 4, "critic_width": 4, "generator_steps": 2, "batch_size": 8}
    priors = (WGANGP(**small, resolution=16), WGANGP(**small, resolution=32, crop=24))
    for attack, prior in zip((GMI_SETTINGS, BREPMI_SETTINGS), priors, strict=True):
        config = attack_config(target, attack).model_copy(update={"prior": prior})
        assert run_attack(config, store).status == "done"
        assert store.exists(config.prior_config.artifact_path)
        (row,) = rows_of(store, "attacks", config)
        sheet = Image.open(io.BytesIO(store.get_bytes(row["sheet"])))
        assert sheet.size == (attack.restarts * 48, CLASSES * 48)


def test_classes_without_a_start_are_failures(store: Store, target: TargetConfig) -> None:
    """One random latent gives one class a start at most; the others are rows without a picture."""
    config = attack_config(target, BREPMI_SETTINGS.model_copy(update={"initial_draws": 1}))
    run_attack(config, store)
    (row,), rows = rows_of(store, "attacks", config), rows_of(store, "reconstructions", config)
    missing = [one for one in rows if not one["found"]]
    assert len(missing) == 3
    assert row["classes_without_start"] == 3
    assert row["reconstructions"] == 4
    assert row["att_acc"] in {0.0, 0.25}
    for one in missing:
        assert {
            one[name] for name in ("rank", "predicted", "target_confidence", "knn_distance", "measured")
        } == {None}
        assert one["queries"] == 0
    assert row["queries"] == 1 + sum(one["queries"] for one in rows)


def test_an_attack_that_finds_no_start_at_all_is_a_row_of_failures(
    store: Store, target: TargetConfig
) -> None:
    settings = BREPMI_SETTINGS.model_copy(update={"initial_draws": 1, "restarts": 2})
    config = attack_config(target, settings, attacked_classes=1)
    outcomes = []
    for seed in range(20):  # until the one draw is no picture of class 0
        config = config.model_copy(update={"attack": settings.model_copy(update={"seed": seed})})
        run_attack(config, store)
        outcomes = rows_of(store, "reconstructions", config)
        if not any(one["found"] for one in outcomes):
            break
    (row,) = rows_of(store, "attacks", config)
    assert [one["found"] for one in outcomes] == [False, False]
    assert (row["status"], row["att_acc"], row["att_acc_top5"], row["second_att_acc"]) == ("done", 0, 0, 0)
    assert row["att_acc_low"] == 0 < row["att_acc_high"]
    assert {row[name] for name in ("knn_distance", "centroid_distance", "fid", "kid", "lpips")} == {None}
    assert (row["target_confidence"], row["fid_images"], row["queries"]) == (None, 0, 1)


def test_only_the_first_classes_are_attacked(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS, attacked_classes=2)
    run_attack(config, store)
    assert {row["class_index"] for row in rows_of(store, "reconstructions", config)} == {0, 1}
    assert rows_of(store, "attacks", config)[0]["chance"] == 0.25


def test_more_classes_than_there_are_is_refused(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS, attacked_classes=5)
    with pytest.raises(NotAttackable, match="the data have 4 private classes"):
        run_attack(config, store)
    assert not store.has_rows("attacks", config.piece_id)


def test_pictures_are_bounded_and_rows_are_not(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI_SETTINGS, kept_pictures=5)
    run_attack(config, store)
    rows = rows_of(store, "reconstructions", config)
    assert len(rows) == 8
    assert [row["sheet_column"] for row in rows] == [0, None] * 4
    assert [row["sheet"] is None for row in rows] == [False, True] * 4
    assert Image.open(io.BytesIO(store.get_bytes(rows[0]["sheet"]))).size == (32, CLASSES * 32)


def test_fid_of_the_successful_alone_counts_them(store: Store, target: TargetConfig) -> None:
    quality = ImageQuality(compared="successful")
    config = attack_config(target, GMI_SETTINGS, image_quality=quality)
    run_attack(config, store)
    (row,), rows = rows_of(store, "attacks", config), rows_of(store, "reconstructions", config)
    successful = sum(one["rank"] == 0 for one in rows)
    assert row["fid_images"] == successful
    assert (row["fid"] is None) == (successful < 2)


def test_corrupt_pieces_are_built_again_and_finished_rows_stay(store: Store, target: TargetConfig) -> None:
    """Prior, evaluators and what they say of real pictures: a warning each, and the same rows as ever."""
    first, second = (
        attack_config(target, GMI_SETTINGS.model_copy(update={"seed": seed})) for seed in (0, 11)
    )
    run_attack(first, store)
    before = rows_of(store, "attacks", first)
    pieces = [
        first.prior_config.artifact_path,
        first.evaluator_configs[1].artifact_path,
        real_pictures_path(first.evaluator_configs[0]),
    ]
    whole = [store.get_bytes(path) for path in pieces]
    for path, data in zip(pieces, whole, strict=True):
        store.put_bytes(path, data[:-1] + bytes([data[-1] ^ 255]))
    with pytest.warns(ArtifactRebuilt) as warned:
        run_attack(second, store)
    assert len(warned) == len(pieces)
    assert [store.get_bytes(path) for path in pieces] == whole
    assert run_attack(first, store).status == "found"
    assert rows_of(store, "attacks", first) == before


def test_a_target_trained_again_to_other_weights_meets_nothing_made_of_the_first(
    target: TargetConfig, tmp_path: Path
) -> None:
    """The same configuration may give other bits on another machine: p_reg is that of the weights."""
    store = open_store(str(tmp_path), create=True)
    train_target(target, store)
    alone = LOMMA(students=(), regularisation_images=6)
    first, second, third = (
        attack_config(target, LOMMAGMI(iterations=2, restarts=1, seed=seed, lomma=alone))
        for seed in (0, 1, 2)
    )
    for config in (first, second):
        run_attack(config, store)
    (piece,) = third.target_pieces
    row = store.read_rows("targets", target.piece_id).to_pylist()[0]
    weights = load_tensors(store, row["artifact"])
    weights["head.weight"] += 1
    row["artifact_sha256"] = save_tensors(store, row["artifact"], weights)
    store.write_rows("targets", target.piece_id, [row])
    run_attack(third, store)
    made = store.read_rows("pieces", piece.piece_id).to_pylist()[0]
    assert json.loads(made["made_of"]) == {target.piece_id: row["artifact_sha256"]}


@pytest.mark.parametrize("harm", ["corrupt", "lost"])
def test_weights_of_a_target_that_are_corrupt_or_lost_are_trained_again(
    target: TargetConfig, tmp_path: Path, harm: str
) -> None:
    store = open_store(str(tmp_path), create=True)
    first = train_target(target, store)
    path = str(first.values["artifact"])
    whole = store.get_bytes(path)
    if harm == "corrupt":
        store.put_bytes(path, whole[:-1] + bytes([whole[-1] ^ 255]))
    else:
        (tmp_path / path).unlink()
    with pytest.warns(ArtifactRebuilt, match="built again"):
        assert train_target(target, store).status == "done"
    assert store.get_bytes(path) == whole
    assert train_target(target, store).values == first.values


@pytest.mark.parametrize("control", ["untrained", "permuted_labels"])
def test_controls_are_attacked_like_any_target(
    store: Store, target: TargetConfig, control: ControlKind
) -> None:
    knows_nothing = target.model_copy(update={"control": control, "defense": Defense()})
    trained = train_target(knows_nothing, store)
    assert trained.status == "done"
    assert (trained.values["epochs"] == 0) == (control == "untrained")
    config = attack_config(knows_nothing, GMI_SETTINGS)
    run_attack(config, store)
    (row,) = rows_of(store, "attacks", config)
    assert (row["status"], row["control"]) == ("done", control)


def test_every_defence_gets_the_same_rows_and_starts(
    store: Store, target: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes comparisons paired: class, restart and start latent of a row do not depend on T."""
    starts: list[Tensor] = []
    original = rows_module.start_latents

    def spy(rows: Rows, seed: int, prior: Prior, space: str) -> Tensor:
        starts.append(original(rows, seed, prior, space))
        return starts[-1]

    for module in (rows_module, importlib.import_module("trainables.attacks.gmi")):
        monkeypatch.setattr(module, "start_latents", spy, raising=False)
    other = target.model_copy(update={"defense": Defense(), "seed": 7})
    train_target(other, store)
    pairs = []
    for one in (target, other):
        config = attack_config(one, GMI_SETTINGS.model_copy(update={"seed": 5}))
        run_attack(config, store)
        rows = rows_of(store, "reconstructions", config)
        pairs.append([(row["class_index"], row["restart"]) for row in rows])
    assert pairs[0] == pairs[1]
    assert len(starts) == 2
    assert torch.equal(starts[0], starts[1])


def test_an_attack_that_diverges_is_a_failed_row(store: Store, target: TargetConfig) -> None:
    config = attack_config(target, GMI(iterations=8, restarts=1, learning_rate=1e38, norm_batch=1e-6))
    for _ in range(2):
        outcome = run_attack(config, store)
        assert outcome.status == "failed"
        assert "not finite" in (outcome.reason or "")
    (row,) = rows_of(store, "attacks", config)
    assert (row["status"], row["att_acc"], row["defense"]) == ("failed", None, "tl_dmi")
    assert rows_of(store, "reconstructions", config) == []


def test_an_attack_needs_its_target(store: Store, target: TargetConfig) -> None:
    untrained = target.model_copy(update={"defense": Defense()})
    config = attack_config(untrained, GMI_SETTINGS)
    with pytest.raises(TargetMissing, match="train it first"):
        run_attack(config, store)
    assert not store.has_rows("attacks", config.piece_id)


def test_evaluators_see_eight_bit_pictures_only(
    store: Store, target: TargetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Tensor] = []
    judge = Evaluator.judge

    def spy(self: Evaluator, images: Tensor) -> Judgement:
        shown.append(images)
        return judge(self, images)

    monkeypatch.setattr(Evaluator, "judge", spy)
    config = attack_config(target, BREPMI_SETTINGS.model_copy(update={"initial_draws": 1, "seed": 3}))
    run_attack(config, store)
    found = sum(row["found"] for row in rows_of(store, "reconstructions", config))
    assert {images.dtype for images in shown} == {torch.uint8}
    assert [len(images) for images in shown[-2:]] == [found, found]
