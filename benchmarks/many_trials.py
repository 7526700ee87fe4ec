"""Prints what a trial costs beside its work: a sweep of trials that do nothing, on several nodes.

Every step returns at once, so all that is left is proposing, submitting, reporting and writing rows. The
nodes are processes of this machine (``ray.cluster_utils``). The driver's memory is read after every trial.

    python benchmarks/many_trials.py [--trials 1000] [--nodes 3] [--limit 0.3]
"""

import argparse
import os
import resource
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator import ClusterSettings, Execution, run_sweep
from orchestrator.driver.listeners import Event
from orchestrator.execution.events import TrialEnded
from orchestrator.execution.executors import prepare_ray
from results import Store
from search_spaces import Piece, Space, load_setup
from trainables.build import StepOutcome

SPACE = {
    "name": "many_trials",
    "description": "trials that do nothing",
    "defenses": [
        {
            "kind": "bido_hsic",
            "lambda_x": {"log_uniform": [0.01, 0.2]},
            "lambda_y_ratio": {"uniform": [5, 50]},
        }
    ],
    "attacks": [{"kind": "gmi", "iterations": 5}],
    "confirmation": {"further_seeds": 0},
}


def nothing(piece: Piece, store: Store) -> StepOutcome:
    """Report an Acc and an AttAcc that follow from the configuration."""
    number = hash(str(piece)) % 1000 / 1000
    return StepOutcome("done", values={"acc": number, "att_acc": 1 - number})


@dataclass
class Watch:
    """Notes when trials ended, and the driver's resident memory and CPU time then."""

    ended: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Note time and memory at the end of a trial, and refuse to measure a sweep that fails."""
        if not isinstance(event, TrialEnded):
            return
        if event.outcome.objectives is None:
            raise RuntimeError(f"trial {event.number} failed: {event.outcome.reason}")
        self.ended.append(time.monotonic())
        self.memory.append(resident_bytes())
        self.cpu.append(time.process_time())


def resident_bytes() -> int:
    """Return the memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> int:
    """Run the sweep, print the overhead and the memory, and return 1 when the overhead is above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--sampler", choices=["tpe", "random", "nsga2"], default="tpe")
    parser.add_argument("--limit", type=float, default=0.3)
    options = parser.parse_args()
    prepare_ray("auto")
    from ray.cluster_utils import Cluster

    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    )
    space = Space.model_validate(
        {**SPACE, "search": {"trials": options.trials, "round_size": 8, "sampler": options.sampler}}
    )
    watch = Watch()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        for _ in range(options.nodes - 1):
            cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        with tempfile.TemporaryDirectory() as store, suppress(KeyboardInterrupt):
            execution = Execution(
                cluster=ClusterSettings(address=cluster.address),
                build=nothing,
            )
            run_sweep(space, load_setup("orl_faces"), store, execution, listeners=[watch])
    finally:
        cluster.shutdown()
    return _report(watch, options.nodes, options.limit)


def _report(watch: Watch, nodes: int, limit: float) -> int:
    """Print what was measured from the tenth trial on: by then every node has imported what it needs."""
    trials = len(watch.ended)
    overhead = (watch.ended[-1] - watch.ended[9]) / (trials - 10)
    start = min(100, trials // 2)
    print(f"{trials} trials that do nothing, {nodes} nodes")
    print(f"overhead: {overhead:.3f} s a trial (limit {limit} s)")
    half = trials // 2
    for name, times in (("wall", watch.ended), ("driver's CPU", watch.cpu)):
        first, second = times[half] - times[9], times[-1] - times[half]
        print(f"{name}: {first / (half - 9):.3f} s a trial, then {second / (trials - 1 - half):.3f} s")
    marks = [start, *range(start + 100, trials, 100), trials]
    print("driver: " + ", ".join(f"{watch.memory[mark - 1] / 2**20:.0f} MiB after {mark}" for mark in marks))
    growth = (watch.memory[-1] - watch.memory[start - 1]) / (trials - start)
    print(f"growth: {growth / 1024:.1f} KiB a trial")
    return int(overhead > limit)


if __name__ == "__main__":
    raise SystemExit(main())
