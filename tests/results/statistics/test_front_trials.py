"""A summary of the front alone says of the front what the whole summary says."""

import uuid

import pytest

from results.statistics.summary import SweepSummary, Tables, summarise
from results.stores.opening import open_store
from results.stores.store import Store
from tests.fixtures.rows import (
    FakeConfig,
    FakeSweep,
    helping_configs,
    hopeless_configs,
    many_configs,
    write_fake_sweep,
)


def several_pretrained() -> list[FakeConfig]:
    """Weights of two origins, each with its No-Def, one of them far from the front."""
    return [
        FakeConfig("no_def", 0.95, {"gmi": 0.6}, seeds=(0, 1)),
        FakeConfig("tl_dmi", 0.9, {"gmi": 0.3}, 6, seeds=(0, 1)),
        FakeConfig("no_def", 0.5, {"gmi": 0.7}, pretrained="imagenet"),
        FakeConfig("tl_dmi", 0.45, {"gmi": 0.65}, 4, pretrained="imagenet"),
    ]


def missing_an_attack() -> list[FakeConfig]:
    """The best configuration lacks an attack that others have: it is on no front."""
    return [
        FakeConfig("no_def", 0.9, {"gmi": 0.6, "brepmi": 0.5}),
        FakeConfig("tl_dmi", 0.99, {"gmi": 0.1}, 6),
        FakeConfig("tl_dmi", 0.8, {"gmi": 0.2, "brepmi": 0.3}, 8),
    ]


def beaten_anchor() -> list[FakeConfig]:
    """No-Def is not on the front, and is what the front is compared with."""
    return [
        FakeConfig("no_def", 0.9, {"gmi": 0.6}, seeds=(0, 1)),
        FakeConfig("tl_dmi", 0.92, {"gmi": 0.3}, 6, seeds=(0, 1)),
    ]


def beaten_anchor_of_the_same_weights() -> list[FakeConfig]:
    """Of the front, one configuration is compared with a No-Def far from it: that of its own weights."""
    return [
        FakeConfig("no_def", 0.95, {"gmi": 0.6}),
        FakeConfig("tl_dmi", 0.8, {"gmi": 0.2}, 4, pretrained="imagenet"),
        FakeConfig("no_def", 0.7, {"gmi": 0.7}, pretrained="imagenet"),
    ]


def unfit_best() -> list[FakeConfig]:
    """What would be best was never learnt; No-Def of other weights neither."""
    return [
        FakeConfig("no_def", 0.9, {"gmi": 0.6}),
        FakeConfig("tl_dmi", 0.05, {"gmi": 0.0}, 6),
        FakeConfig("tl_dmi", 0.95, {"gmi": 0.1}, 8, train_acc=0.4, curve_train_acc=1.0),
        FakeConfig("tl_dmi", 0.8, {"gmi": 0.3}, 4, pretrained="imagenet"),
        FakeConfig("no_def", 0.05, {"gmi": 0.1}, pretrained="imagenet"),
    ]


SWEEPS = {
    "unfit best": unfit_best(),
    "helping": helping_configs(),
    "hopeless": hopeless_configs(),
    "many": many_configs(60),
    "several pretrained": several_pretrained(),
    "missing an attack": missing_an_attack(),
    "beaten anchor": beaten_anchor(),
    "beaten anchor of the same weights": beaten_anchor_of_the_same_weights(),
    "nothing": [],
}


def both(store: Store, reconstructions: bool) -> tuple[SweepSummary, SweepSummary]:
    tables = Tables(
        store.read_rows("trials"),
        store.read_rows("targets"),
        store.read_rows("attacks"),
        store.read_rows("reconstructions") if reconstructions else None,
    )
    sweep = FakeSweep([]).sweep_id
    return summarise(sweep, None, tables), summarise(sweep, None, tables, front_only=True)


@pytest.mark.parametrize("reconstructions", [True, False])
@pytest.mark.parametrize("name", SWEEPS)
def test_the_front_is_that_of_the_whole_summary(name: str, reconstructions: bool) -> None:
    store = open_store(f"memory://{uuid.uuid4().hex}", create=True)
    sweep = FakeSweep(SWEEPS[name], failures=("the loss is NaN",), pictures=False, classes=6)
    write_fake_sweep(store, sweep)
    whole, quick = both(store, reconstructions)
    assert quick.front == whole.front
    assert quick.hypervolume == whole.hypervolume
    assert quick.no_def == whole.no_def
    assert (quick.done, quick.failed, quick.failures) == (whole.done, whole.failed, whole.failures)
    if name == "many":
        assert len(quick.configurations) < len(whole.configurations) / 2
