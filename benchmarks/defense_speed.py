"""Training time of each defence as a ratio to no defence: CPU-seconds of real epochs, in one run, one thread.

All trainings show the same pictures to VGG16 at 64x64 with 1000 classes, in batches of 64. Their epochs
take turns, and each ratio is the median over the turns. Beside it stands the ratio of the floating-point
operations of a batch, as torch counts them (convolutions and matrix products). Activations of a frozen
prefix are computed once, in the turn that is not counted; their price is printed.

    python benchmarks/defense_speed.py [--steps 2] [--repeats 5] [--only tl_dmi]
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from search_spaces.targets import TargetSettings
from trainables.datasets.dataset import LabelledImages
from trainables.defenses import build_defense
from trainables.memory import keep_freed_memory
from trainables.models import TargetModel, build_target
from trainables.models.suffix import Suffix
from trainables.training.accuracy import unit_range
from trainables.training.curve import EpochRow
from trainables.training.prefix_cache import constant_depth
from trainables.training.recipe import Recipe
from trainables.training.training import Training

CLASSES, RESOLUTION, BATCH = 1000, 64, 64
RECIPE = Recipe(epochs=1000, batch_size=BATCH, learning_rate=0.02, optimizer="sgd", weight_decay=1e-4)


@dataclass(frozen=True)
class Case:
    """One way to train."""

    name: str
    defense: Defense
    cached: bool = False
    goal: float | None = None
    """The ratio that is asked for."""


CASES = (
    Case("no_def", Defense()),
    Case("bido_hsic", Defense.of(BiDOHSIC()), goal=1.05),
    Case("bido_coco", Defense.of(BiDOCOCO()), goal=1.05),
    Case("mid", Defense.of(MID())),
    Case("tl_dmi, depth 8", Defense.of(TLDMI(freeze_depth=8)), goal=0.58),
    Case("tl_dmi, depth 8, frozen_bn eval", Defense.of(TLDMI(freeze_depth=8, frozen_bn="eval"))),
    Case(
        "tl_dmi, depth 8, eval, cached",
        Defense.of(TLDMI(freeze_depth=8, frozen_bn="eval")),
        cached=True,
        goal=0.36,
    ),
    Case("tl_dmi+bido_hsic, depth 7", Defense.of(TLDMI(freeze_depth=7), BiDOHSIC())),
)


def pictures(steps: int) -> LabelledImages:
    """Return random pictures for this many batches, four of each class."""
    generator = torch.Generator().manual_seed(0)
    shape = (steps * BATCH, 3, RESOLUTION, RESOLUTION)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return LabelledImages(images, torch.arange(steps * BATCH) // 4 % CLASSES)


def prepared(case: Case) -> TargetModel:
    """Return a fresh VGG16, ready to be trained."""
    settings = TargetSettings(architecture="vgg16")
    defense = build_defense(case.defense, 0)
    model = defense.network(build_target(settings, CLASSES, RESOLUTION, seed=0))
    defense.prepare(model)
    defense.train_mode(model)
    return model


def operations(case: Case, shown: LabelledImages) -> int:
    """Return the floating-point operations of forward and backward pass of one batch."""
    model, defense = prepared(case), build_defense(case.defense, 0)
    images, labels = unit_range(shown.images[:BATCH]), shown.labels[:BATCH]
    network: TargetModel | Suffix = model
    if case.cached:
        depth = constant_depth(model)
        network = Suffix(model, depth)
        with torch.no_grad():
            for unit in list(model.units.values())[:depth]:
                images = unit(images)
    with FlopCounterMode(display=False) as counter:
        defense.loss(network, images, labels, CLASSES).total.backward()  # type: ignore[arg-type]
    return int(counter.get_total_flops())


def epochs(case: Case, shown: LabelledImages) -> Iterator[EpochRow]:
    """Return the epochs of a training, each done when it is asked for."""
    recipe = replace(RECIPE, prefix_cache_mib=4096 if case.cached else 0)
    return Training(prepared(case), build_defense(case.defense, 0), recipe, shown, CLASSES, seed=0).epochs()


def cpu_seconds(running: Iterator[EpochRow]) -> float:
    """Return the CPU time of the next epoch."""
    start = time.process_time()
    next(running)
    return time.process_time() - start


def turn(running: list[Iterator[EpochRow]], name: str) -> list[float]:
    """Return the CPU time of one epoch of each training, and say on standard error that the turn is over."""
    seconds = [cpu_seconds(one) for one in running]
    print(f"turn {name}: {sum(seconds):.0f} CPU-seconds", file=sys.stderr)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=2, help="batches in an epoch")
    parser.add_argument("--repeats", type=int, default=5, help="turns that are counted")
    parser.add_argument("--only", default="", help="cases whose name holds this (and no_def)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    shown = pictures(options.steps)
    cases = [case for case in CASES if case.name == "no_def" or options.only in case.name]
    counted = [operations(case, shown) for case in cases]
    running = [epochs(case, shown) for case in cases]
    first = turn(running, "0 (not counted)")
    turns = [turn(running, f"{number} of {options.repeats}") for number in range(1, options.repeats + 1)]
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread, CPU-seconds")
    print(f"vgg16, {CLASSES} classes, {options.steps} batches of {BATCH}, {options.repeats} turns")
    print(f"{'':32} {'s/batch':>8} {'ratio':>6} {'(lowest to highest)':>20} {'operations':>10} {'goal':>5}")
    for place, case in enumerate(cases):
        ratios = sorted(one[place] / one[0] for one in turns)
        seconds = statistics.median(one[place] for one in turns)
        spread = f"({ratios[0]:.3f} to {ratios[-1]:.3f})"
        goal = "" if case.goal is None else f"{case.goal:.2f}"
        print(
            f"{case.name:32} {seconds / options.steps:8.2f} {statistics.median(ratios):6.3f} {spread:>20} "
            f"{counted[place] / counted[0]:10.3f} {goal:>5}"
        )
        if case.cached:
            price = (first[place] - seconds) / statistics.median(one[0] for one in turns)
            print(f"  keeping plain and mirrored activations cost {price:.2f} epochs of no_def, once")


if __name__ == "__main__":
    main()
