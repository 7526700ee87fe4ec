"""Prints how long ``status`` and the front of a large store take, before and after its parts were merged.

The store is invented: 5,000 trials with two attacks each and 10 reconstructions per attack, 100,000 rows of
reconstructions in all. Each is a fresh process from its start to its end, the median of several; on a
busy machine the CPU-seconds say more.

    python benchmarks/large_store.py [--trials 5000] [--repeats 3] [--limit 2.0]
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from results.stores.compaction import compact
from results.stores.opening import open_store
from results.stores.store import Store
from results.sweeps.record import SweepRecord, write_sweep
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI

SWEEP = "sweep000000000001"
KINDS = ("gmi", "brepmi")
START = datetime(2026, 1, 1, tzinfo=UTC)
FRONT = (
    "import sys, results; sweep = results.load(sys.argv[1]); "
    "front = sweep.front(); assert len(front), 'no front'; "
    "assert 'torch' not in sys.modules and 'ray' not in sys.modules"
)


def fill(store: Store, trials: int, classes: int) -> None:
    """Write an invented sweep of ``trials`` trials: No-Def first, the others spread over the plane."""
    draw = random.Random(7)  # noqa: S311  (invented numbers)
    for number in range(trials):
        acc, att = (0.967, 0.62) if number == 0 else (draw.uniform(0.6, 0.96), draw.uniform(0.02, 0.6))
        defense = _defense(number, draw)
        target = _target(number, defense, acc)
        store.write_rows("targets", target["target_id"], [target])
        curve = [
            {"target_id": target["target_id"], "epoch": n, "name": name, "value": 1 / (n + 1)}
            for n in range(10)
            for name in ("loss", "cross_entropy", "train_acc", "learning_rate")
        ]
        store.write_rows("curves", target["target_id"], curve)
        attacks = [_attack(target, defense, kind, att, classes) for kind in KINDS]
        for attack in attacks:
            rows = [_reconstruction(attack, index, draw.random() < att) for index in range(classes)]
            store.write_rows("reconstructions", attack["attack_id"], rows)
            store.write_rows("attacks", attack["attack_id"], [attack])
        _write_trial(store, number, target, attacks)
    write_sweep(store, SweepRecord(SWEEP, "invented", "invented", planned={"search": trials}))


def _identity(number: int, kind: str = "target") -> str:
    return f"{random.Random(f'{kind} {number}').getrandbits(64):016x}"  # noqa: S311  (no secret)


def _defense(number: int, draw: random.Random) -> dict[str, Any]:
    if number == 0:
        return {**Defense().columns(), "control": "none", "seed": 0}
    weights = {"lambda_x": draw.uniform(0.01, 0.2), "lambda_y": draw.uniform(0.1, 2.0)}
    depth = number % 13 + 1
    tried = (
        Defense.of(BiDOHSIC(**weights)),
        Defense.of(TLDMI(freeze_depth=depth)),
        Defense.of(TLDMI(freeze_depth=depth), BiDOHSIC(**weights)),
    )
    return {**tried[number % 3].columns(), "control": "none", "seed": 0}


def _provenance(number: int) -> dict[str, Any]:
    return {
        "seconds": 11.5,
        "cpu_seconds": 11.0,
        "host": "example-host",
        "device": "cpu",
        "versions": '{"python": "3.11.7", "torch": "2.15.0"}',
        "git_sha": "0123456789abcdef0123456789abcdef01234567",
        "finished_at": START + timedelta(seconds=60 * number),
    }


def _target(number: int, defense: dict[str, Any], acc: float) -> dict[str, Any]:
    identity = _identity(number)
    return {
        "target_id": identity,
        "config_id": _identity(number, "config"),
        "status": "done",
        **defense,
        "config": '{"some": "settings", "of": "a target"}' * 20,
        "data": "invented",
        "architecture": "small_vgg",
        "classes": 10,
        "epochs": 10,
        "theta_t": 1_200_000,
        "theta_c": 400_000,
        "acc": acc,
        "train_acc": 1.0,
        "artifact": f"artifacts/targets/{identity}.safetensors",
        "artifact_sha256": "cd" * 32,
        "training_seconds": 9.5,
        **_provenance(number),
    }


def _attack(
    target: dict[str, Any], defense: dict[str, Any], kind: str, att: float, classes: int
) -> dict[str, Any]:
    identity = f"{target['target_id'][:-1]}{KINDS.index(kind)}"
    return {
        "attack_id": identity,
        "target_id": target["target_id"],
        "config_id": target["config_id"],
        "status": "done",
        "attack": kind,
        **defense,
        "attack_seed": 0,
        "attack_settings": '{"some": "settings", "of": "an attack"}' * 10,
        "generator_id": "0123456789abcdef",
        "classes": classes,
        "attacked_classes": classes,
        "reconstructions": classes,
        "evaluator": "face_embedding:sface",
        "evaluator_acc": 0.98,
        "acc": target["acc"],
        "att_acc": att,
        "att_acc_top5": att,
        "sheet": f"artifacts/sheets/{identity}.png",
        "attack_seconds": 21.0,
        "judging_seconds": 1.2,
        **{name: target[name] for name in _provenance(0)},
    }


def _reconstruction(attack: dict[str, Any], index: int, hit: bool) -> dict[str, Any]:
    return {
        "attack_id": attack["attack_id"],
        "target_id": attack["target_id"],
        "attack": attack["attack"],
        "class_index": index,
        "class_name": f"person_{index:02d}",
        "restart": 0,
        "found": True,
        "target_confidence": 0.97,
        "predicted": index if hit else index + 1,
        "rank": 0 if hit else 3,
        "knn_distance": 1.1,
        "queries": 500,
        "sheet": attack["sheet"],
        "sheet_row": index,
        "sheet_column": 0,
    }


def _write_trial(store: Store, number: int, target: dict[str, Any], attacks: list[dict[str, Any]]) -> None:
    row = {
        "sweep_id": SWEEP,
        "number": number,
        "role": "search",
        "trial_id": _identity(number, "trial"),
        "target_id": target["target_id"],
        "config_id": target["config_id"],
        "attack_ids": [attack["attack_id"] for attack in attacks],
        "state": "done",
        "acc": target["acc"],
        "worst_att_acc": attacks[0]["att_acc"],
    }
    store.write_rows("trials", f"{SWEEP}-{number:04d}", [row])


def seconds(command: list[str], repeats: int) -> tuple[float, float]:
    """Return the median wall and CPU times of a command that must succeed."""
    wall, cpu = [], []
    for _ in range(repeats):
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - started)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(wall), statistics.median(cpu)


def main() -> int:
    """Measure, print, and return 1 when ``status`` or the front of the merged store takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=float, default=2.0)
    options = parser.parse_args()
    os.fsync = lambda descriptor: None  # an invented store need not survive a power cut
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "runs"), create=True)
        fill(store, options.trials, options.classes)
        rows = options.trials * len(KINDS) * options.classes
        print(f"{options.trials} trials, {rows} rows of reconstructions, {len(store.list_paths())} files")
        status = [sys.executable, "-m", "orchestrator", "status", store.uri, "--json"]
        front = [sys.executable, "-c", FRONT, store.uri]
        parts = {"status": seconds(status, 1), "front": seconds(front, 1)}
        started = time.perf_counter()
        compact(store)
        print(f"merging: {time.perf_counter() - started:.1f} s, then {len(store.list_paths())} files")
        merged = {"status": seconds(status, options.repeats), "front": seconds(front, options.repeats)}
        for name, (wall, cpu) in merged.items():
            before = "{:.1f} s ({:.1f} CPU-s) from parts".format(*parts[name])
            print(f"{name}: {before}, {wall:.2f} s ({cpu:.2f} CPU-s) merged, limit {options.limit} s")
    return int(max(wall for wall, _ in merged.values()) > options.limit)


if __name__ == "__main__":
    raise SystemExit(main())
