"""What Ray says of lost workers and nodes: kept in the store, and one line for the user.

Ray's own threads print the messages of its nodes on standard output, whatever ``log_to_driver`` says, where a
document of ``--json`` would be damaged by them; its loggers and those of Tune write to standard error.
"""

import contextlib
import io
import logging
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from orchestrator.execution.step_logs import keep_log
from results import StoreError, open_store

LOG = logging.getLogger(__name__)
FOLDER = "logs/ray"
OF_RAY = "ray_"
"""How the names of the threads begin that Ray prints from."""


@contextmanager
def messages_kept(store_uri: str) -> Iterator[None]:
    """Gather what Ray and Tune say in this process; in the end keep it in the store, and say where it is."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(_Sorted(sys.stdout, said)), _loggers_write_to(said):
            yield
    finally:
        _keep(store_uri, said.getvalue().splitlines())


def _keep(store_uri: str, lines: list[str]) -> None:
    if not lines:
        return
    path = _kept_at(store_uri, lines)
    where = "not kept" if path is None else f"kept in {path} of {store_uri}"
    LOG.warning("Ray reported problems, possibly a lost worker or node: %d lines, %s", len(lines), where)


def _kept_at(store_uri: str, lines: list[str]) -> str | None:
    try:
        store = open_store(store_uri)
    except StoreError as error:
        LOG.debug("the store cannot be opened for Ray's messages: %s", error)
        return None
    return keep_log(store, _path(), lines)


@contextmanager
def _loggers_write_to(said: TextIO) -> Iterator[None]:
    logger, handler = logging.getLogger("ray"), logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    usual, logger.handlers = logger.handlers, [handler]
    try:
        yield
    finally:
        logger.handlers = usual


class _Sorted(io.TextIOBase):
    """Standard output as it was, without what threads of Ray write to it."""

    def __init__(self, usual: TextIO, said: TextIO) -> None:
        self._usual, self._said = usual, said

    def write(self, text: str) -> int:
        """Write where the thread belongs."""
        of_ray = threading.current_thread().name.startswith(OF_RAY)
        return (self._said if of_ray else self._usual).write(text)

    @property
    def closed(self) -> bool:
        """Return what standard output says; a library of Ray's looks at it when the process ends."""
        return self._usual.closed

    def flush(self) -> None:
        """Flush standard output."""
        self._usual.flush()

    def isatty(self) -> bool:
        """Return what standard output says."""
        return self._usual.isatty()

    def fileno(self) -> int:
        """Return the number of standard output."""
        return self._usual.fileno()


def _path() -> str:
    """Return a path for what one run has heard."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    host = "".join(letter if letter.isalnum() else "-" for letter in platform.node())
    return f"{FOLDER}/{at}-{host}-{os.getpid()}.log"
