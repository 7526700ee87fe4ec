"""What a step logs, kept in the store beside its rows: records, warnings and the traceback of a failure."""

import logging
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.errors import OWN_PACKAGES
from orchestrator.redaction import redact
from results import Store, StoreError

LOG = logging.getLogger(__name__)
MOST_RECORDS = 2000
"""Records of one step that are kept; the oldest go first."""


@contextmanager
def captured_log() -> Iterator[deque[str]]:
    """Collect what is logged (from INFO on) and warned of; it also goes where it would have gone anyway.

    A warning of our own is a line for people there: where in the code it was given says nothing to them.
    """
    lines: deque[str] = deque(maxlen=MOST_RECORDS)
    root, handler, show = logging.getLogger(), _Lines(lines), warnings.showwarning

    def _keep_and_show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:  # noqa: ANN401
        lines.append(f"{category.__name__}: {message}")
        if category.__module__.partition(".")[0] in OWN_PACKAGES:
            print(f"warning: {message}", file=sys.stderr)
        else:
            show(message, category, *place, **more)

    root.addHandler(handler)
    warnings.showwarning = _keep_and_show
    try:
        yield lines
    finally:
        warnings.showwarning = show
        root.removeHandler(handler)


class _Lines(logging.Handler):
    """Appends each record, formatted, to a list."""

    def __init__(self, lines: deque[str]) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self._lines.append(self.format(record))


def keep_log(store: Store, path: str, lines: list[str]) -> str | None:
    """Write ``lines`` under ``path``, without secrets, and return the path.

    ``None`` when the store does not take it: a lost log must not cost the work that it is about.
    """
    try:
        store.put_bytes(path, redact("\n".join(lines) + "\n").encode())
    except StoreError as error:
        LOG.warning("the log %s could not be kept: %s", path, error)
        return None
    return path
