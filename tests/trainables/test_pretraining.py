"""Pre-training: trained once, read back, shared by targets, whose bodies start from it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import PretrainingConfig, TargetConfig
from search_spaces.datasets import DrawnPersons
from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI
from search_spaces.pretraining import Pretraining
from search_spaces.targets import TargetSettings
from trainables.build import build_piece
from trainables.models import build_target
from trainables.pretraining import load_pretraining, pretrain
from trainables.target import load_target, train_target

OWN = DrawnPersons(
    private_people=3, public_people=4, images_per_private_person=6, images_per_public_person=3,
    test_per_class=2, resolution=16,
)  # fmt: skip
OTHER = OWN.model_copy(update={"style": "toon-head"})
SETTINGS = TargetSettings(
    architecture="small_vgg", epochs=6, batch_size=4, optimizer="adam", learning_rate=0.003,
    pretrained=Pretraining(name="toons", data=OTHER, epochs=4),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "runs"), create=True)


def config(defense: Defense | None = None, settings: TargetSettings = SETTINGS) -> TargetConfig:
    assert isinstance(settings.pretrained, Pretraining)
    return TargetConfig(
        data=OWN,
        target=settings,
        defense=defense or Defense(),
        seed=1,
        pretraining=PretrainingConfig.of(settings.pretrained, settings, OWN, 1),
    )


def pretraining(settings: TargetSettings = SETTINGS) -> PretrainingConfig:
    found = config(settings=settings).pretraining
    assert found is not None
    return found


def row(store: Store, table: str, unit: str) -> dict[str, Any]:
    (only,) = store.read_rows(table, unit).to_pylist()
    return only


def test_it_is_trained_once_and_read_back(store: Store) -> None:
    outcome = pretrain(pretraining(), store)
    assert outcome.status == "done"
    assert outcome.values["classes"] == 3
    assert (outcome.values["epochs"], outcome.values["steps"]) == (4, 12)
    assert 0 <= float(str(outcome.values["acc"])) <= 1
    written = store.get_bytes(pretraining().artifact_path)
    assert pretrain(pretraining(), store).status == "found"
    assert store.get_bytes(pretraining().artifact_path) == written
    assert set(load_pretraining(pretraining(), store)) > {"head.weight", "head.bias"}


def test_frozen_layers_of_t_are_those_of_the_pre_training(store: Store) -> None:
    chosen = config(Defense.of(TLDMI(freeze_depth=2)))
    assert train_target(chosen, store).status == "done"
    given, trained = load_pretraining(pretraining(), store), load_target(chosen, store).state_dict()
    fresh = build_target(SETTINGS, 3, 16, seed=1).state_dict()
    frozen, *others = [name for name in given if name.endswith("weight") and given[name].dim() == 4]
    assert torch.equal(trained[frozen], given[frozen])
    assert not torch.equal(given[frozen], fresh[frozen])
    assert not torch.equal(trained[others[-1]], given[others[-1]])
    assert row(store, "targets", chosen.piece_id)["pretrained"] == "toons"


def test_all_targets_of_a_sweep_start_from_one_file(store: Store) -> None:
    first, second = config(), config(Defense.of(TLDMI(freeze_depth=1)))
    for each in (first, second):
        train_target(each, store)
    assert len(store.list_paths("artifacts/pretrained/")) == 1


def test_the_public_classes_of_the_own_data_serve_too(store: Store) -> None:
    near = SETTINGS.model_copy(update={"pretrained": Pretraining(name="near", epochs=4)})
    piece = pretraining(near)
    assert (piece.data, piece.side) == (OWN, "public")
    assert pretrain(piece, store).values["classes"] == 4


def test_a_pre_training_that_fails_is_a_row_with_its_reason(store: Store) -> None:
    wild = SETTINGS.model_copy(
        update={"pretrained": Pretraining(name="wild", data=OTHER, optimizer="sgd", learning_rate=1e20)}
    )
    outcome = build_piece(pretraining(wild), store)
    assert outcome.status == "failed"
    assert "not finite" in str(outcome.reason)
    assert build_piece(pretraining(wild), store).status == "failed"
