"""How a running sweep is asked to end: finish what runs and stop, or cancel now; both leave it resumable."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from orchestrator.errors import Terminated

CTRL_C = "Ctrl-C"


class RunControl:
    """Knows whether a run is to end, and why. Asked by the driver, told by signals, requests and limits.

    Telling it is setting attributes alone, so that a signal handler and other threads may do so.
    """

    def __init__(self) -> None:
        self._stopping: str | None = None
        self._cancelled: str | None = None
        self._terminated: str | None = None
        self._handles_signals = False

    @property
    def stopping(self) -> str | None:
        """Why no further trial is to start, or ``None``."""
        return self._stopping

    @property
    def cancelled(self) -> bool:
        """Whether running trials are to end as well."""
        return self._cancelled is not None

    def stop(self, reason: str) -> None:
        """Let the running trials end and start no other; the first reason stays."""
        self._stopping = self._stopping or reason

    def cancel(self, reason: str) -> None:
        """End the run now, by raising ``Terminated`` in the main thread; elsewhere, as ``stop`` does."""
        if self._cancelled:
            return
        self._cancelled = reason
        self.stop(reason)
        if self._handles_signals:
            os.kill(os.getpid(), signal.SIGTERM)

    @contextmanager
    def restore_termination(self) -> Iterator[None]:
        """Raise ``Terminated`` for a plain ``KeyboardInterrupt`` that stands in its place.

        While Ray waits for its tasks it drops what a signal handler raises and raises one of its own.
        """
        try:
            yield
        except KeyboardInterrupt as interrupt:
            if self._terminated is None or isinstance(interrupt, Terminated):
                raise
            raise Terminated(self._terminated) from interrupt

    @contextmanager
    def handle_signals(self) -> Iterator[None]:
        """Take the first Ctrl-C for a stop, the second for a cancel, and SIGTERM for a cancel.

        Signals reach the main thread alone: in another one nothing changes. An ignored Ctrl-C stays ignored.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signal.SIGTERM: self._on_sigterm, signal.SIGINT: self._on_sigint}
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            del handlers[signal.SIGINT]
        previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        self._handles_signals = True
        try:
            yield
        finally:
            self._handles_signals = False
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_sigterm(self, _signal: int, _frame: FrameType | None) -> None:
        self._terminated = self._cancelled or "the process was asked to end (SIGTERM)"
        raise Terminated(self._terminated)

    def _on_sigint(self, _signal: int, _frame: FrameType | None) -> None:
        if self._stopping:
            raise KeyboardInterrupt
        self.stop(CTRL_C)
