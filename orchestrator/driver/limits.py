"""When a run ends before its sweep does: budgets that are spent, and failures that have one cause."""

import math
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.errors import InvalidRequest
from orchestrator.execution.events import StepChanged, TrialOutcome

UTILITY_FLOOR = "utility floor:"
"""Part of the reason of a T that was given up as asked: a result of the search, no sign of a defect."""
FEWEST_STEPS_OF_A_HOST = 5
"""Steps that a host has ended before their failures say something about it."""


@dataclass(frozen=True)
class Limits:
    """Limits of one run; nothing: none. A run that reaches one stops resumably."""

    max_trials: int | None = None
    """Trials that the run starts."""
    max_hours: float | None = None
    """Wall time of the run."""
    budget_usd: float | None = None
    """Money that the run may cost at ``usd_per_hour``."""
    usd_per_hour: float | None = None
    """Price of all machines of the run together."""
    failures_in_row: int = 5
    """Trials that fail one after the other; 0: any number."""
    host_failures: float = 0.5
    """Share of failed steps on one host; 0: any."""

    def __post_init__(self) -> None:
        """Raise ``InvalidRequest`` for money without a price, or a price without a budget."""
        if (self.budget_usd is None) != (self.usd_per_hour is None):
            raise InvalidRequest(
                "--budget-usd and --usd-per-hour must be given together: the budget of the run, and the "
                "price of an hour of its machines"
            )

    @property
    def hours(self) -> float:
        """Hours after which time or money is spent; infinite without either limit."""
        paid = self.budget_usd / self.usd_per_hour if self.budget_usd and self.usd_per_hour else math.inf
        return min(paid, self.max_hours or math.inf)


@dataclass
class LimitKeeper:
    """Follows one run and says why it is to stop, once there is a reason."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    _started: dict[int, float] = field(init=False, default_factory=dict)
    _durations: list[float] = field(init=False, default_factory=list)
    _failures: list[TrialOutcome] = field(init=False, default_factory=list)
    _steps: dict[str, deque[StepChanged]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def before_start(self) -> str | None:
        """Return why no other trial may start, or ``None``.

        A trial that would, at the mean duration of this run's trials, end after the limit does not start.
        """
        if self.limits.max_trials is not None and len(self._started) >= self.limits.max_trials:
            return f"budget: --max-trials {self.limits.max_trials} is reached"
        expected = sum(self._durations) / len(self._durations) if self._durations else 0.0
        if (self.clock() - self.began + expected) / 3600 >= self.limits.hours:
            return self._spent()
        return None

    def while_running(self) -> str | None:
        """Return that time or money is spent, or ``None``."""
        return self._spent() if (self.clock() - self.began) / 3600 >= self.limits.hours else None

    def trial_started(self, number: int) -> None:
        """Take notice of a trial that starts."""
        self._started[number] = self.clock()

    def trial_ended(self, number: int, outcome: TrialOutcome) -> str | None:
        """Take notice of how a trial ended and return why the run is to stop, or ``None``."""
        self._durations.append(self.clock() - self._started[number])
        if not _is_defect(outcome):
            self._failures.clear()
            return None
        self._failures.append(outcome)
        if not self.limits.failures_in_row or len(self._failures) < self.limits.failures_in_row:
            return None
        return f"{len(self._failures)} trials in a row failed{_on_one_host(self._failures)}: {self._reason()}"

    def step_ended(self, step: StepChanged) -> str | None:
        """Take notice of an ended step and return why the run is to stop, or ``None``.

        A run stops for a host that fails at least ``host_failures`` of the steps it ended last while another
        fails less: where everything fails everywhere, no host is to blame.
        """
        if step.host is None or step.state not in {"done", "failed"} or not self.limits.host_failures:
            return None
        self._steps.setdefault(step.host, deque(maxlen=4 * FEWEST_STEPS_OF_A_HOST)).append(step)
        shares = {host: _failed_share(steps) for host, steps in self._steps.items()}
        own, others = shares.pop(step.host), shares.values()
        enough = len(self._steps[step.host]) >= FEWEST_STEPS_OF_A_HOST
        if not enough or own < self.limits.host_failures or all(share >= own for share in others):
            return None
        failed = [other.reason or "" for other in self._steps[step.host] if _is_defect(other)]
        return f"{own:.0%} of the last steps on host {step.host} failed: {_most_frequent(failed)}"

    def _spent(self) -> str:
        hours = (self.clock() - self.began) / 3600
        if self.limits.max_hours is not None and self.limits.hours == self.limits.max_hours:
            return f"budget: --max-hours {self.limits.max_hours:g} is spent ({hours:.2g} h)"
        cost = hours * (self.limits.usd_per_hour or 0.0)
        return f"budget: --budget-usd {self.limits.budget_usd:g} is spent ({cost:.2f} USD)"

    def _reason(self) -> str:
        return _most_frequent([outcome.reason or "no reason given" for outcome in self._failures])


def _is_defect(ended: TrialOutcome | StepChanged) -> bool:
    return ended.state == "failed" and UTILITY_FLOOR not in (ended.reason or "")


def _failed_share(steps: deque[StepChanged]) -> float:
    return sum(map(_is_defect, steps)) / len(steps)


def _on_one_host(failures: list[TrialOutcome]) -> str:
    hosts = {failure.host for failure in failures}
    (host, *others) = hosts
    return f" on host {host}" if host and not others else ""


def _most_frequent(reasons: list[str]) -> str:
    """Return the most frequent of ``reasons``, and how often it is there if they differ."""
    reason, count = Counter(reasons).most_common(1)[0]
    return reason if count == len(reasons) else f"{reason} ({count} of {len(reasons)})"
