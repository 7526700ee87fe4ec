"""The steps of a trial as the orchestrator calls them: the work is imported only where it runs.

A step takes its configuration and the store's URI, does nothing when the store holds its result, and answers
with a ``StepReport``, which, unlike the outcome of the work itself, is read without importing torch.
"""

import logging
import os
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.execution.step_logs import captured_log, keep_log
from orchestrator.redaction import redacted
from results import StoreNotWritable, StoreUnreachable, open_store
from search_spaces import AttackConfig, EvaluatorConfig, Piece, PriorConfig, TargetConfig

if TYPE_CHECKING:
    from trainables.build import StepOutcome

LOG = logging.getLogger(__name__)
Value = float | int | str | None


@dataclass(frozen=True)
class StepReport:
    """How a step ended: built now (``done``), in the store already (``found``), or ``failed``."""

    status: Literal["done", "found", "failed"]
    reason: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    """Plain columns of the step's row."""
    seconds: float | None = None
    """Wall time of the step, filled in by ``perform``."""
    host: str | None = None
    """The machine it ran on, filled in by ``perform``."""
    log: str | None = None
    """Path in the store of what it logged, filled in by ``perform``."""
    store_lost: bool = False
    """It failed because the store does not answer or take rows: no outcome of the trial."""


Step = Callable[[Any, str], StepReport]
"""(configuration, store URI) -> report. The configuration is the one of its kind of step."""


def train_target(config: TargetConfig, store_uri: str) -> StepReport:
    """Train T."""
    from trainables.target import train_target

    return _report(train_target(config, open_store(store_uri)))


def run_attack(config: AttackConfig, store_uri: str) -> StepReport:
    """Attack T and judge the reconstructions."""
    from trainables.attack import run_attack

    return _report(run_attack(config, open_store(store_uri)))


def build_prior(config: PriorConfig, store_uri: str) -> StepReport:
    """Build the generator and its critic."""
    from trainables.prior import build_prior

    return _report(build_prior(config, open_store(store_uri)))


def build_evaluator(config: EvaluatorConfig, store_uri: str) -> StepReport:
    """Build an evaluator and its statistics of D_priv."""
    from trainables.evaluator import build_evaluator_step

    return _report(build_evaluator_step(config, open_store(store_uri)))


@dataclass(frozen=True)
class Steps:
    """The four kinds of step of a chain; importable functions, so that a cluster's workers find them."""

    target: Step = train_target
    attack: Step = run_attack
    generator: Step = build_prior
    evaluator: Step = build_evaluator


def perform(step: Step, config: Piece, store_uri: str) -> StepReport:
    """Return the report of ``step``; an error it raises is logged and becomes a failure with its reason.

    One trial's defect must not end the sweep: its row says what happened and the search goes on.
    """
    started = time.perf_counter()
    with captured_log() as captured:
        try:
            report = step(config, store_uri)
        except (StoreUnreachable, StoreNotWritable) as error:
            return StepReport("failed", explain(error), host=platform.node(), store_lost=True)
        except Exception as error:
            LOG.exception("step %s of %s failed", step.__name__, type(config).__name__)
            report = StepReport("failed", explain(error))
    report = replace(report, seconds=time.perf_counter() - started, host=platform.node())
    if report.status == "found":
        return report
    lines = [_heading(step, report), *([f"reason: {report.reason}"] if report.reason else []), *captured]
    return replace(report, log=keep_log(store_uri, config.log_path, lines))


def _heading(step: Step, report: StepReport) -> str:
    where = f"on {report.host}, process {os.getpid()}"
    return f"{step.__name__} {report.status} after {report.seconds or 0.0:.1f} s {where}"


def explain(error: Exception) -> str:
    """Return one line that says what ``error`` is and where it was raised.

    >>> explain(ValueError("no pictures"))
    'ValueError: no pictures'
    """
    text = " ".join(str(error).split()) or "no message"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return redacted(f"{type(error).__name__}: {text}{place}")


def _report(outcome: "StepOutcome") -> StepReport:
    return StepReport(outcome.status, outcome.reason, dict(outcome.values))
