"""A warning when steps wait for a machine that does not come; Ray itself waits without a word."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from orchestrator.execution.resources import Node, ResourceRequest, missing_resource

LOG = logging.getLogger(__name__)
PENDING_SECONDS = 60.0
LOOK_SECONDS = 10.0


class PendingMonitor:
    """Notices steps that no node that runs could hold, for ``PENDING_SECONDS`` on end."""

    def __init__(self, requests: dict[str, ResourceRequest]) -> None:
        self._requests = requests
        self._since: dict[str, float] = {}
        self._warned: set[str] = set()

    def check(self, nodes: Sequence[Node], now: float) -> list[str]:
        """Return a warning for each kind of step that has waited too long at ``now``, once for each wait.

        >>> monitor = PendingMonitor({"training T": ResourceRequest(1, 1.0)})
        >>> monitor.check([{"CPU": 2.0}], now=0.0)
        []
        >>> monitor.check([{"CPU": 2.0}], now=60.0)
        ['training T has waited for 60 s: its request fits no running node (GPU: 0 on a node at most)']
        """
        return [text for name in self._requests if (text := self._text(name, nodes, now))]

    def _text(self, name: str, nodes: Sequence[Node], now: float) -> str | None:
        short = missing_resource(self._requests[name], nodes)
        if short is None:
            self._since.pop(name, None)
            self._warned.discard(name)
            return None
        waited = now - self._since.setdefault(name, now)
        if waited < PENDING_SECONDS or name in self._warned:
            return None
        self._warned.add(name)
        return f"{name} has waited for {waited:.0f} s: its request fits no running node ({short})"


@contextmanager
def warn_of_pending(
    requests: dict[str, ResourceRequest], nodes: Callable[[], Sequence[Node]]
) -> Iterator[None]:
    """Warn, while the block runs, of steps that wait for ``nodes`` that do not come."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(PendingMonitor(requests), nodes, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(monitor: PendingMonitor, nodes: Callable[[], Sequence[Node]], over: threading.Event) -> None:
    while not over.wait(LOOK_SECONDS):
        try:
            present = nodes()
        except (OSError, RuntimeError) as error:  # the head is gone; the sweep itself will say so
            LOG.debug("the nodes of the cluster could not be listed: %s", error)
            continue
        for text in monitor.check(present, time.monotonic()):
            LOG.warning("%s; 'ray status' on the head shows what the autoscaler does", text)
