"""Where a sweep's trials run: in this process, or as tasks of a Ray cluster."""

import os
import secrets
import sys
import time
from collections.abc import Sequence
from itertools import count
from typing import Literal

from orchestrator.execution.chain import Chain
from orchestrator.execution.events import Trials
from orchestrator.execution.resources import TASK_RETRIES, ClusterSettings, GpuShares, ResourceRequest
from orchestrator.execution.steps import Build, StepReport, perform_step
from search_spaces import Piece

ExecutorName = Literal["ray", "inline"]

RAY_SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",  # with verbose=0, Tune then prints nothing
    "RAY_COLOR_PREFIX": "0",  # what it says is kept in a file,
    "RAY_DEDUP_LOGS": "0",  # and said by its own threads at once, not by ours when it is shut down
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # rows go to the store, not to CSV and TensorBoard files
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours
    "RAY_task_oom_retries": str(TASK_RETRIES),  # without it what never fits is started again for ever
    "RAY_worker_niceness": "0",  # Ray's 15 would starve a sweep beside anything else that runs
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # a resume reads the store, never Tune's snapshots
}


class InlineSubmit:
    """Builds pieces in this process, one at a time, in the order in which they were submitted."""

    def __init__(self, build: Build, store_uri: str) -> None:
        self._build, self._store_uri = build, store_uri
        self._numbers = count()
        self._pieces: dict[int, Piece] = {}
        self._reports: dict[int, StepReport] = {}

    def submit(self, piece: Piece, request: ResourceRequest) -> int:
        """Put the piece down; ``request`` has no meaning in one process."""
        handle = next(self._numbers)
        self._pieces[handle] = piece
        return handle

    def wait(self, handles: Sequence[int], timeout: float | None) -> list[int]:
        """Build the first piece and return its handle; without any, wait for what another process may do."""
        if not handles:
            time.sleep(timeout or 0.0)
            return []
        first = handles[0]
        self._reports[first] = perform_step(self._build, self._pieces.pop(first), self._store_uri)
        return [first]

    def report(self, handle: int) -> StepReport:
        """Return the report of the step."""
        return self._reports.pop(handle)


def run_inline(trials: Trials, store_uri: str, build: Build) -> None:
    """Run the sweep one step after the other in this process."""
    chain = Chain(InlineSubmit(build, store_uri), store_uri, GpuShares())
    while not trials.finished:
        proposal = trials.next()
        if proposal is None:
            if trials.finished:
                return
            raise RuntimeError("the sweep is not finished, but no trial runs and none is proposed")
        for events in chain.run(proposal.number, proposal.trial):
            for event in events:
                trials.hear(event)


def run_on_ray(trials: Trials, store_uri: str, build: Build, threads: int, cluster: ClusterSettings) -> None:
    """Run the sweep as a Ray Tune experiment whose trials chain Ray tasks of ``threads`` CPUs each.

    Raises ``InvalidRequest`` when no node can hold a step, ``Unreachable`` without the cluster.
    """
    if "ray" not in sys.modules:
        prepare_ray(cluster.address)
    from orchestrator.execution.ray.experiment import run_experiment

    run_experiment(trials, store_uri, build, threads, cluster)


def prepare_ray(address: str) -> None:
    """Set what Ray reads from the environment when it is imported; what the user has set stays.

    A cluster of our own listens on the loopback interface alone and admits holders of a fresh token. One that
    exists has tokens if the user says so: a token file found by chance must not decide that.
    """
    for name, value in RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    if address == "local":
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # its name apart: be no cluster node
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token" if address == "local" else "disabled"
        if address == "local":
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
