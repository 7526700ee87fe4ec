"""Prints the share of a sweep's time in which no step (training, building, attack) runs.

The sweep has short trials on drawn persons and one worker, so that a second step cannot hide the time that
goes into proposing, submitting, reporting and writing rows. Counted from the end of the first step, which
imports torch, to the last outcome; starting Ray and importing are printed beside it: paid once per command.

    python benchmarks/orchestration_overhead.py [--trials 10] [--limit 0.10]
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field

from orchestrator import ClusterSettings, Execution, run_sweep
from orchestrator.driver.listeners import Event
from orchestrator.execution.events import StepChanged, TrialEnded
from search_spaces import Setup, Space

SPACE = {
    "name": "overhead",
    "description": "short trials",
    "defenses": [{"kind": "bido_hsic"}, {"kind": "tl_dmi", "freeze_depth": "all"}],
    "attacks": [
        {"kind": "gmi", "iterations": 30, "restarts": 1},
        {"kind": "brepmi", "iterations": 3, "max_steps": 8, "initial_draws": 1024},
    ],
    "confirmation": {"further_seeds": 1, "at_most": 1},
}
SETUP = {
    "name": "overhead_persons",
    "description": "eight drawn persons",
    "data": {
        "kind": "drawn_persons",
        "private_people": 8,
        "public_people": 12,
        "images_per_private_person": 12,
        "images_per_public_person": 2,
        "resolution": 32,
    },
    "target": {
        "architecture": "small_vgg",
        "epochs": 6,
        "batch_size": 16,
        "optimizer": "adam",
        "learning_rate": 0.001,
    },
    "priors": {
        "wgan_gp": {
            "z_dim": 32,
            "width": 16,
            "critic_width": 16,
            "generator_steps": 5,
            "batch_size": 8,
        }
    },
    "evaluators": [{"kind": "trained_classifier", "epochs": 4, "width": 8}],
}


@dataclass
class Stopwatch:
    """Notes when steps ran and when the last trial ended."""

    intervals: list[tuple[float, float]] = field(default_factory=list)
    ended: float = 0.0
    trials: int = 0

    def hear(self, event: Event) -> None:
        """Note the times, and refuse to measure a sweep that fails."""
        now = time.monotonic()
        match event:
            case StepChanged(seconds=float(seconds)):  # its own wall time says when it began
                self.intervals.append((now - seconds, now))
            case TrialEnded(number, outcome):
                if outcome.objectives is None:
                    raise RuntimeError(f"trial {number} failed: {outcome.reason}")
                self.ended = now
                self.trials += 1


def covered(intervals: list[tuple[float, float]]) -> float:
    """Return the length of the union of ``intervals``.

    >>> covered([(0.0, 2.0), (1.0, 3.0), (5.0, 6.0)])
    4.0
    """
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def main() -> int:
    """Run the sweep, print the shares, and return 1 when the overhead is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--limit", type=float, default=0.10)
    options = parser.parse_args()
    space = Space.model_validate({**SPACE, "search": {"trials": options.trials}})
    watch, started = Stopwatch(), time.monotonic()
    with tempfile.TemporaryDirectory() as store:
        execution = Execution(cluster=ClusterSettings(workers=1))
        run_sweep(space, Setup.model_validate(SETUP), store, execution, listeners=[watch])
    finished = time.monotonic()
    warm = min(end for _, end in watch.intervals)
    busy = covered([(max(begin, warm), end) for begin, end in watch.intervals])
    span = watch.ended - warm
    overhead = 1 - busy / span
    mean = busy / len(watch.intervals)
    print(f"{watch.trials} trials, {len(watch.intervals)} steps of {mean:.2f} s, one worker")
    print(f"orchestration overhead: {overhead:.1%} of {span:.1f} s (limit {options.limit:.0%})")
    print(
        f"with starting and stopping Ray: {1 - busy / (finished - started):.1%} of {finished - started:.1f} s"
    )
    return int(overhead > options.limit)


if __name__ == "__main__":
    raise SystemExit(main())
