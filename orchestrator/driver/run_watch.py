"""The thread beside a running sweep: hears requests from other shells, and tells them how far it is."""

import logging
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from orchestrator.driver.control import CTRL_C
from orchestrator.driver.listeners import Notice
from orchestrator.driver.requests import forget_requests, read_end_request
from orchestrator.driver.run_context import RunContext
from results import StoreError
from results.sweeps.run_progress import write_run_progress

LOG = logging.getLogger(__name__)
TICK_SECONDS = 0.2
LOOK_SECONDS = {False: 1.0, True: 2.0}
"""Between two looks at a folder, and at a bucket: a request to it costs money."""
BEAT_SECONDS = 15.0
"""Longest time between two signs of life."""
LONGEST_WAIT_SECONDS = 5.0
"""For the thread to end when the run has."""


class RunWatch:
    """Watches one run, from entering to leaving; what it cannot read or write now it tries again later."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._store, self._sweep_id = context.store, context.sweep.sweep_id
        self._pause = LOOK_SECONDS[context.store.address.is_bucket]
        self._written: tuple[int, str | None] | None = None
        self._beat = float("-inf")
        self._said: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {self._sweep_id}", daemon=True)

    def __enter__(self) -> Self:
        """Forget requests to earlier runs, say that this one has begun, and watch.

        A request to this run may be there already: it is known as soon as it has the lease.
        """
        forget_requests(self._store, self._sweep_id, lambda run: run != self._context.lease.run)
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Stop watching and say how the run ended, if the store still hears it."""
        self._over.set()
        self._thread.join(timeout=LONGEST_WAIT_SECONDS)
        self._tell()
        if self._thread.is_alive() or isinstance(error, StoreError) or not self._context.lease.still_held():
            return  # the store does not answer, or is written by another run now
        last = self._context.recorder.progress(None)
        stopped = self._context.control.stopping if last.ended < last.expected else None
        outcome = stopped or "done" if kind is None else str(error) or kind.__name__
        try:
            write_run_progress(self._store, self._sweep_id, replace(last, outcome=outcome))
            forget_requests(self._store, self._sweep_id, lambda run: run == self._context.lease.run)
        except StoreError as lost:
            LOG.warning("the end of the run could not be recorded: %s", lost)

    def _watch(self) -> None:
        looked = float("-inf")
        while not self._over.wait(TICK_SECONDS):
            self._context.stop(self._context.limits.while_running())
            self._tell()
            if time.monotonic() - looked >= self._pause:
                looked = time.monotonic()
                self._look()

    def _tell(self) -> None:
        """Let the user know, once, that the run is stopping: a signal handler cannot."""
        control = self._context.control
        if self._said is None and control.stopping:
            self._said = control.stopping
            hint = " (Ctrl-C again cancels them)" if self._said == CTRL_C else ""
            end = "ending now" if control.cancelled else f"stopping after the running trials{hint}"
            self._context.tell(Notice(f"{end}: {self._said}"))

    def _look(self) -> None:
        if not self._context.lease.still_held():
            return
        try:
            request = read_end_request(self._store, self._sweep_id, self._context.lease.run)
            if self._state() != self._written or time.monotonic() - self._beat > BEAT_SECONDS:
                self._write()
        except StoreError as lost:  # an outage: the steps notice it, and say so, if it lasts
            LOG.debug("the store does not answer: %s", lost)
            return
        if request:
            control = self._context.control
            (control.cancel if request.verb == "cancel" else control.stop)(request.reason)

    def _state(self) -> tuple[int, str | None]:
        return self._context.recorder.changes, self._context.control.stopping

    def _write(self) -> None:
        state = self._state()
        progress = self._context.recorder.progress(self._context.control.stopping)
        write_run_progress(self._store, self._sweep_id, progress)
        self._written, self._beat = state, time.monotonic()
