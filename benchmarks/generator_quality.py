"""CPU-seconds of judging a generator on embedded data, against those of its training; in one run.

Judging: samples, FID and KID against D_pub in the headline evaluator's features, and the grid. The evaluator
and its features of D_pub are made before, since every attack needs them; they are printed beside it.

    python benchmarks/generator_quality.py [--data orl_faces drawn_persons]
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from typing import TypeVar

import torch

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, load_setup, load_space
from search_spaces.defenses import Defense
from search_spaces.sweep import Sweep
from trainables.datasets import load_data
from trainables.judging.generator_quality import record_generator
from trainables.judging.judging import load_judge
from trainables.prior import load_prior
from trainables.step import single_threaded

Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return the result of one call and its CPU-seconds."""
    start = time.process_time()
    return work(), time.process_time() - start


def first_attack(data: str) -> AttackConfig:
    """Return GMI on the No-Def T of a setup: its generator and evaluators are those of the sweep."""
    sweep = Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup(data))
    config: AttackConfig = sweep.trial(Defense(), seed=0).attacks[0]
    return config


def measure(name: str, store: Store) -> None:
    """Print what generator, evaluator and the judging of the generator cost on the setup ``name``."""
    config = first_attack(name)
    data = load_data(config.target.data)
    prior, training = timed(lambda: load_prior(config.prior_config, store))
    judge, evaluator = timed(lambda: load_judge(config.evaluator_configs[0], store, data))
    _, judging = timed(lambda: record_generator(config, store, data, prior, judge))
    row = store.read_rows("generators").to_pylist()[0]
    print(
        f"{name}: {row['fid_images']} samples against {row['public_images']} public pictures: "
        f"{judging:.1f} CPU-seconds, {judging / training:.0%} of the generator's training ({training:.1f}); "
        f"evaluator and features {evaluator:.1f}; FID {row['fid']:.3g}, KID {row['kid']:.3g}"
    )


def main() -> None:
    """Measure each setup in a store of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["orl_faces", "drawn_persons"], help="setups")
    options = parser.parse_args()
    single_threaded()
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread")
    for name in options.data:
        with tempfile.TemporaryDirectory() as folder:
            measure(name, open_store(folder, create=True))


if __name__ == "__main__":
    main()
