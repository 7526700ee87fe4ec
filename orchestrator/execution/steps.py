"""A step builds one piece of a trial: what it returns, what it logs, and what becomes of its errors.

The work is imported only where it runs. A ``StepReport`` is read without importing torch.
"""

import logging
import os
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from orchestrator.execution.step_logs import captured_log, keep_log
from orchestrator.redaction import redact
from results import Store, StoreNotWritable, StoreUnreachable, open_store
from search_spaces import Piece
from trainables.build import StepOutcome, Value

LOG = logging.getLogger(__name__)

Build = Callable[[Piece, Store], StepOutcome]
"""Builds a piece unless the store has it: ``trainables.build.build_piece``, or a function that tests give.

It can be pickled, so that a cluster's workers find it."""


@dataclass(frozen=True)
class StepReport:
    """How a step ended: built now (``done``), in the store already (``found``), or ``failed``."""

    status: Literal["done", "found", "failed"]
    reason: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    """Plain columns of the step's row."""
    seconds: float | None = None
    """Wall time of the step."""
    host: str | None = None
    """The machine it ran on."""
    log: str | None = None
    """Path in the store of what it logged."""
    store_lost: bool = False
    """It failed because the store does not answer or take rows: no outcome of the trial."""


def perform_step(build: Build, piece: Piece, store_uri: str) -> StepReport:
    """Return how building ``piece`` ended; an error is logged and becomes a failure with its reason.

    The store is opened here, once for each step. One trial's defect must not end the sweep: its row says what
    happened and the search goes on.
    """
    started, store = time.perf_counter(), None
    with captured_log() as captured:
        try:
            store = open_store(store_uri)
            outcome = build(piece, store)
            report = StepReport(outcome.status, outcome.reason, dict(outcome.values))
        except (StoreUnreachable, StoreNotWritable) as error:
            return StepReport("failed", explain(error), host=platform.node(), store_lost=True)
        except Exception as error:
            LOG.exception("building %s (%s) failed", piece.name, piece.piece_id)
            report = StepReport("failed", explain(error))
    report = replace(report, seconds=time.perf_counter() - started, host=platform.node())
    if report.status == "found" or store is None:
        return report
    lines = [_heading(piece, report), *([f"reason: {report.reason}"] if report.reason else []), *captured]
    return replace(report, log=keep_log(store, piece.log_path, lines))


def explain(error: Exception) -> str:
    """Return one line that says what ``error`` is and where it was raised.

    >>> explain(ValueError("no pictures"))
    'ValueError: no pictures'
    """
    text = " ".join(str(error).split()) or "no message"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return redact(f"{type(error).__name__}: {text}{place}")


def _heading(piece: Piece, report: StepReport) -> str:
    where = f"on {report.host}, process {os.getpid()}"
    return f"{piece.name} {report.status} after {report.seconds or 0.0:.1f} s {where}"
