"""The thread beside a running sweep: hears requests from other shells, and tells them how far it is."""

import logging
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from orchestrator.driver.control import CTRL_C, RunControl
from orchestrator.driver.limits import LimitKeeper
from orchestrator.driver.requests import asked_to_end, forget_requests
from orchestrator.driver.run_recorder import RunRecorder
from orchestrator.locks import HeldRight
from results import Store, StoreError
from results.stores.store import is_bucket
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

    def __init__(
        self,
        store: Store,
        sweep_id: str,
        right: HeldRight,
        control: RunControl,
        recorder: RunRecorder,
        limits: LimitKeeper,
    ) -> None:
        self._store, self._sweep_id, self._right = store, sweep_id, right
        self._control, self._recorder, self._limits = control, recorder, limits
        self._pause = LOOK_SECONDS[is_bucket(store.uri)]
        self._written: tuple[int, str | None] | None = None
        self._beat = float("-inf")
        self._said: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch {sweep_id}", daemon=True)

    def __enter__(self) -> Self:
        """Forget requests to earlier runs, say that this one has begun, and watch.

        A request to this run may be there already: it is known from the moment at which it has the right.
        """
        forget_requests(self._store, self._sweep_id, lambda run: run != self._right.run)
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
        if self._thread.is_alive() or isinstance(error, StoreError) or not self._right.is_sure():
            return  # the store does not answer, or is written by another run now
        last = self._recorder.progress(None)
        stopped = self._control.stopping if last.ended < last.expected else None
        outcome = stopped or "done" if kind is None else str(error) or kind.__name__
        try:
            write_run_progress(self._store, self._sweep_id, replace(last, outcome=outcome))
            forget_requests(self._store, self._sweep_id, lambda run: run == self._right.run)
        except StoreError as lost:
            LOG.warning("the end of the run could not be noted: %s", lost)

    def _watch(self) -> None:
        looked = float("-inf")
        while not self._over.wait(TICK_SECONDS):
            if spent := self._limits.while_running():
                self._control.stop(spent)
            self._tell()
            if time.monotonic() - looked >= self._pause:
                looked = time.monotonic()
                self._look()

    def _tell(self) -> None:
        """Let the user know, once, that the run is stopping: a signal handler cannot."""
        if self._said is None and self._control.stopping:
            self._said = self._control.stopping
            hint = " (Ctrl-C again cancels them)" if self._said == CTRL_C else ""
            end = "ending now" if self._control.cancelled else f"stopping after the running trials{hint}"
            self._recorder.notice(f"{end}: {self._said}")

    def _look(self) -> None:
        if not self._right.is_sure():
            return
        try:
            request = asked_to_end(self._store, self._sweep_id, self._right.run)
            if self._state() != self._written or time.monotonic() - self._beat > BEAT_SECONDS:
                self._write()
        except StoreError as lost:  # an outage: the steps notice it, and say so, if it lasts
            LOG.debug("the store does not answer the watch: %s", lost)
            return
        if request:
            (self._control.cancel if request.verb == "cancel" else self._control.stop)(request.reason)

    def _state(self) -> tuple[int, str | None]:
        return self._recorder.changes, self._control.stopping

    def _write(self) -> None:
        state = self._state()
        progress = self._recorder.progress(self._control.stopping)
        write_run_progress(self._store, self._sweep_id, progress)
        self._written, self._beat = state, time.monotonic()
