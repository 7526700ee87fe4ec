"""A sweep in one object: the order of its configurations, what failed and why, and what is left."""

import uuid
from typing import Any

import pytest

from results.statistics.summary import SweepSummary, Tables, summarise
from results.stores.opening import open_store
from results.stores.store import Store
from results.sweeps.record import SweepRecord
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep

SWEEP = FakeSweep([]).sweep_id


@pytest.fixture
def store() -> Store:
    return open_store(f"memory://{uuid.uuid4().hex}", create=True)


def summary(store: Store, planned: dict[str, int] | None = None) -> SweepSummary:
    tables = Tables(
        *(store.read_rows(table) for table in ("trials", "targets", "attacks", "reconstructions"))
    )
    record = None if planned is None else SweepRecord(SWEEP, "space", "setup", planned)
    return summarise(SWEEP, record, tables)


def written(store: Store, configs: list[FakeConfig], **changes: Any) -> None:
    write_fake_sweep(store, FakeSweep(configs, pictures=False, classes=6, **changes))


def fail(store: Store, number: int, **columns: Any) -> None:
    row = {"sweep_id": SWEEP, "number": number, "role": "search", "state": "failed", **columns}
    store.write_rows("trials", f"{SWEEP}-{number:04d}", [row])


def test_no_def_comes_first_then_the_front_then_the_others_each_by_acc(store: Store) -> None:
    written(
        store,
        [
            FakeConfig("tl_dmi", 0.7, {"gmi": 0.9}, 1),
            FakeConfig("tl_dmi", 0.6, {"gmi": 0.0}, 2),
            FakeConfig("tl_dmi", 0.9, {"gmi": 0.5}, 3),
            FakeConfig("no_def", 0.5, {"gmi": 1.0}),
            FakeConfig("tl_dmi", 0.8, {"gmi": 0.9}, 4),
        ],
    )
    found = summary(store).configurations
    assert [(one.parameters.get("freeze_depth"), one.on_front) for one in found] == [
        (None, False),
        (3, True),
        (2, True),
        (4, False),
        (1, False),
    ]


def test_a_target_whose_acc_is_not_known_is_no_configuration(store: Store) -> None:
    written(store, [FakeConfig("no_def", 0.9, {"gmi": 0.5}), FakeConfig("tl_dmi", 0.8, {"gmi": 0.2}, 4)])
    (target,) = store.read_rows("targets", "t-tl_dmi-4-None-none-0").to_pylist()
    store.write_rows("targets", target["target_id"], [target | {"acc": None}])
    found = summary(store)
    assert [one.defense for one in found.configurations] == ["no_def"]
    assert found.done == {"search": 2}


def test_a_failure_has_the_reason_of_its_trial_else_of_its_target_else_none(store: Store) -> None:
    written(store, [FakeConfig("tl_dmi", 0.8, {"gmi": 0.2}, 4)])
    (target,) = store.read_rows("targets").to_pylist()
    store.write_rows(
        "targets", "t1", [target | {"target_id": "t1", "status": "failed", "reason": "collapsed"}]
    )
    fail(store, 5, target_id="t1", reason="the disk is full")
    fail(store, 6, target_id="t1")
    fail(store, 7, target_id="t2")
    failures = summary(store).failures
    assert [one.number for one in failures] == [5, 6, 7]
    assert [one.reason for one in failures] == ["the disk is full", "collapsed", "no reason recorded"]
    assert [one.label == "target not trained" for one in failures] == [False, False, True]


def test_what_is_left_is_what_was_planned_and_has_not_ended(store: Store) -> None:
    written(store, [FakeConfig("no_def", 0.9, {"gmi": 0.5}), FakeConfig("tl_dmi", 0.8, {"gmi": 0.2}, 4)])
    fail(store, 9, target_id="t")
    assert summary(store, {"search": 5, "control": 1}).left == {"search": 2, "control": 1}
    done = summary(store, {"search": 2, "confirmation": 0})
    assert (done.left, done.finished) == ({"search": 0, "confirmation": 0}, True), "no fewer than none"
    for unknown in (None, {}):
        assert (summary(store, unknown).left, summary(store, unknown).finished) == (None, False)


def test_each_configuration_is_compared_with_the_no_def_of_its_own_weights(store: Store) -> None:
    written(
        store,
        [
            FakeConfig("no_def", 0.9, {"gmi": 0.5}),
            FakeConfig("no_def", 0.8, {"gmi": 1.0}, pretrained="imagenet"),
            FakeConfig("tl_dmi", 0.7, {"gmi": 0.0}, 4, pretrained="imagenet"),
            FakeConfig("tl_dmi", 0.7, {"gmi": 0.0}, 4, pretrained="other"),
        ],
    )
    found = {(one.defense, one.pretrained): one for one in summary(store).configurations}
    anchors = {name: found["no_def", name].worst_att_acc for name in ("face_resnet", "imagenet")}
    for pretrained, anchor in (("imagenet", "imagenet"), ("other", "face_resnet")):
        one = found["tl_dmi", pretrained]
        assert one.difference is not None
        assert one.difference.value == pytest.approx((one.worst_att_acc or 0) - (anchors[anchor] or 0))
    assert found["no_def", "imagenet"].difference is None
