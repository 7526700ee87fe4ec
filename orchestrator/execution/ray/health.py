"""The end of a run whose own Ray has died: within seconds and with a reason, whatever Ray does.

Ray itself ends the process later, without a word that helps, or not at all: Tune then waits for ever for a
node that nobody starts again. What has ended is in the store, so that nothing is lost with the process.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ray._private.worker
from ray.tune import Callback

from orchestrator.errors import Unreachable

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

LOG = logging.getLogger(__name__)
VITAL = frozenset({"raylet", "gcs_server"})
"""Processes of Ray without which no step can run."""
LOOK_SECONDS = 0.5
GRACE_SECONDS = 8.0
"""Time for the run to end in order, less than Ray leaves it."""


def dead_processes() -> list[str]:
    """Return the names of the vital processes of this process's own cluster that have ended."""
    node = ray._private.worker._global_node
    dead: list[tuple[str, Any]] = [] if node is None else node.dead_processes()
    return sorted(name for name, _ in dead if name in VITAL)


def ray_died_error(dead: Sequence[str]) -> Unreachable:
    """Return what a run ends with whose Ray lost the processes ``dead``."""
    return Unreachable(
        f"Ray's {' and '.join(dead)} on this machine has died, possibly for lack of memory; "
        "finished work is kept; the same command resumes the sweep"
    )


class HealthCallback(Callback):
    """Ends Tune's experiment when Ray has died; ``tell`` is given the reason, which Tune makes a text of."""

    def __init__(self, tell: Callable[[Exception], None]) -> None:
        self._tell = tell

    def on_step_end(self, iteration: int, trials: "list[Trial]", **info: Any) -> None:  # noqa: ANN401  (Tune's signature)
        """Look whether Ray lives."""
        if dead := dead_processes():
            error = ray_died_error(dead)
            self._tell(error)
            raise error


@contextmanager
def end_with_ray(end: Callable[[Unreachable], None]) -> Iterator[None]:
    """Call ``end`` if Ray dies while the block runs and the block does not end ``GRACE_SECONDS`` after."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(over, end), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()


def _watch(over: threading.Event, end: Callable[[Unreachable], None]) -> None:
    died_at: float | None = None
    while not over.wait(LOOK_SECONDS):
        dead, now = dead_processes(), time.monotonic()
        if dead and died_at is None:
            died_at = now
        if died_at is not None and now - died_at >= GRACE_SECONDS:
            end(ray_died_error(dead))
            return


def end_process(error: Unreachable) -> None:
    """End this process and what is left of its cluster at once: its main thread may hear nothing any more."""
    LOG.error("error: %s", error)
    if (node := ray._private.worker._global_node) is not None:
        node.kill_all_processes(check_alive=False, allow_graceful=False)
    os._exit(error.exit_code)
