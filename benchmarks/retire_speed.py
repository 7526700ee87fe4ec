"""GMI end to end on embedded data: rows that retire early against rows that take every iteration.

Attacks the No-Def T of a setup twice in one run and prints CPU-seconds of the whole attack step (judging
included), AttAcc and its 95 % interval of both. T, generator and judge are built first and not counted; with
``--store`` those of a finished sweep of ``bido_vs_tldmi`` are taken. Name a copy: attacks are added to it.

    python benchmarks/retire_speed.py [--data drawn_persons] [--store COPY] [--retire-after 20]
"""

import argparse
import platform
import tempfile
import time
from typing import NamedTuple

import torch

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, load_setup, load_space
from search_spaces.defenses import Defense
from search_spaces.sweep import Sweep
from trainables.attack import run_attack
from trainables.build import piece_row
from trainables.target import train_target


class Measured(NamedTuple):
    """CPU-seconds of one attack step, its AttAcc and interval, and the iterations of a row on average."""

    cpu_seconds: float
    att_acc: float
    low: float
    high: float
    iterations: float


def attack(options: argparse.Namespace, iterations: int, retire_after: int | None) -> AttackConfig:
    """Return GMI on the No-Def T of the setup, judged by the headline evaluator alone."""
    sweep = Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup(options.data))
    gmi, *_ = sweep.trial(Defense(), seed=0).attacks
    settings = gmi.attack.model_copy(update={"iterations": iterations, "retire_after": retire_after})
    return gmi.model_copy(update={"attack": settings, "evaluators": gmi.evaluators[:1]})


def measured(config: AttackConfig, store: Store) -> Measured:
    """Return what one attack step cost and found."""
    start = time.process_time()
    run_attack(config, store)
    seconds = time.process_time() - start
    row = piece_row(config, store)
    assert row is not None, "the attack has written its row"
    steps = row["queries"] / row["reconstructions"]
    return Measured(seconds, row["att_acc"], row["att_acc_low"], row["att_acc_high"], steps)


def main() -> None:
    """Measure both and print their ratio."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(options.store or folder, create=True)
        first = attack(options, 1, None)
        train_target(first.target, store)
        run_attack(first, store)  # generator and evaluator are built, and not counted
        whole = measured(attack(options, options.iterations, None), store)
        retired = measured(attack(options, options.iterations, options.retire_after), store)
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread")
    for name, of in (("every iteration", whole), (f"retire_after {options.retire_after}", retired)):
        print(
            f"{name:>18}: {of.cpu_seconds:7.1f} CPU-seconds, {of.iterations:5.1f} iterations a row, "
            f"AttAcc {of.att_acc:.3f} ({of.low:.3f} to {of.high:.3f})"
        )
    overlap = whole.low <= retired.high and retired.low <= whole.high
    times = whole.cpu_seconds / retired.cpu_seconds
    print(f"{times:.1f} x; the intervals {'' if overlap else 'do not '}overlap")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--retire-after", type=int, default=20)
    parser.add_argument("--data", default="drawn_persons", help="setup")
    parser.add_argument("--store", help="copy of a store that has T, generator and judge")
    return parser.parse_args()


if __name__ == "__main__":
    main()
