"""A page of 5,000 trials and 100,000 reconstructions: made in seconds, bounded, and still with every row."""

import base64
import json
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results import load, open_store, render_report
from results.stores.store import Store
from tests.fixtures.rows import FakeConfig, FakeSweep, many_configs, target_row
from tests.fixtures.yardstick import yardstick_seconds


def write_in_bulk(store: Store, trials: int, classes: int) -> None:
    """Write a sweep with one part per table, as many small parts would come out when read."""
    sweep = FakeSweep([], classes=classes)
    rng = np.random.default_rng(0)
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("trials", "targets", "attacks", "reconstructions", "curves")
    }
    for number, config in enumerate(many_configs(trials)):
        add_trial(tables, sweep, config, number, rng)
    for name, rows in tables.items():
        store.write_rows(name, "bulk", rows)


def add_trial(
    tables: dict[str, list[dict[str, Any]]],
    sweep: FakeSweep,
    config: FakeConfig,
    number: int,
    rng: np.random.Generator,
) -> None:
    target = target_row(sweep, config, 0, number) | {"target_id": f"t{number}", "config_id": f"c{number}"}
    hits = rng.random(sweep.classes) < config.att["gmi"]
    attack = {name: target[name] for name in ("target_id", "config_id", "defense", "control", "seed", "acc")}
    attack |= {"attack_id": f"a{number}", "status": "done", "attack": "gmi", "att_acc": float(hits.mean())}
    attack |= {"chance": 1 / sweep.classes, "attack_seconds": 20.0, "judging_seconds": 1.0, "seconds": 21.0}
    tables["targets"].append(target)
    tables["attacks"].append(attack)
    tables["trials"].append(
        {"sweep_id": sweep.sweep_id, "number": number, "role": "search", "target_id": f"t{number}"}
        | {"attack_ids": [f"a{number}"], "state": "done", "config_id": f"c{number}"}
    )
    tables["reconstructions"] += [
        {"attack_id": f"a{number}", "class_index": index, "class_name": f"person {index}", "restart": 0}
        | {"found": True, "rank": 0 if hit else 3, "target_confidence": 0.9}
        for index, hit in enumerate(hits)
    ]
    tables["curves"] += [
        {"target_id": f"t{number}", "epoch": epoch, "name": "loss", "value": 3 / (epoch + 1)}
        for epoch in range(12)
    ]


def unpacked(page: str, name: str) -> Any:
    """Return the data of a script element, compressed or not."""
    _, _, rest = page.partition(f'id="{name}"')
    text = rest.partition(">")[2].partition("</script>")[0]
    packed = rest.startswith(" data-packed>")
    return json.loads(zlib.decompress(base64.b64decode(text)) if packed else text)


@pytest.mark.slow
def test_five_thousand_trials_make_a_bounded_page_in_seconds(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_in_bulk(store, trials=5000, classes=20)
    started = time.process_time()
    page = render_report(load(store.uri))
    seconds = time.process_time() - started
    loops = seconds / yardstick_seconds()
    print(f"5,000 trials, 100,000 reconstructions: {seconds:.1f} CPU-seconds, {len(page) / 1e6:.1f} MB")
    assert loops < 70, "the processor seconds of a fixed loop, about 0.2"
    assert len(page.encode()) < 8e6
    assert len(unpacked(page, "rows-data")) == 5000
    assert set(unpacked(page, "front-data")["figures"]) == {"worst"}
    assert "dominated configurations are in the table only" in page
    assert "To stay small, this page omits the curves of" in page


def test_beyond_its_budget_a_page_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("results.report.trial_panels.DETAIL_BYTES", 5000)
    store = open_store(str(tmp_path), create=True)
    write_in_bulk(store, trials=30, classes=5)
    page = render_report(load(store.uri))
    kept = unpacked(page, "details-data")
    assert 0 < len(kept) < 30
    assert f"omits the curves of {30 - len(kept)} configurations" in page
    assert "c0" in kept


@pytest.mark.parametrize("packed_from", [1, 10**9], ids=["compressed", "plain"])
def test_compressed_data_are_the_same_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed_from: int
) -> None:
    store = open_store(str(tmp_path), create=True)
    write_in_bulk(store, trials=30, classes=5)
    plain = render_report(load(store.uri))
    monkeypatch.setattr("results.report.page_data.PACKED_FROM", packed_from)
    page = render_report(load(store.uri))
    assert page.count(" data-packed>") == (5 if packed_from == 1 else 0)
    for name in ("front-data", "figures-data", "rows-data", "details-data", "pictures-data"):
        assert unpacked(page, name) == unpacked(plain, name)
