"""What happens to a trial while it runs and when it ends: plain values that its chain yields."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from search_spaces import Trial

Role = Literal["search", "confirmation", "control"]
StepState = Literal["waiting", "started", "done", "found", "failed"]


@dataclass(frozen=True)
class Proposal:
    """A trial to run; ``number`` is its order of proposal within the sweep."""

    number: int
    role: Role
    trial: "Trial"


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended: done with both objectives, or failed with a reason."""

    state: Literal["done", "failed"]
    reason: str | None = None
    acc: float | None = None
    """Natural accuracy on D_priv test, 0..1; known for a failed trial too when only an attack failed."""
    worst_att_acc: float | None = None
    """Largest attack accuracy over the attacks, 0..1, by the headline evaluator."""
    host: str | None = field(default=None, compare=False)
    """The machine on which a step failed, where it is known."""
    unfit: str | None = field(default=None, compare=False)
    """Why its T says nothing about the defence (``results.statistics.fitness``): it is on no front."""

    @property
    def objectives(self) -> tuple[float, float] | None:
        """(Acc, worst AttAcc) of a done trial when both are finite numbers."""
        if self.state != "done" or self.acc is None or self.worst_att_acc is None:
            return None
        pair = (self.acc, self.worst_att_acc)
        return pair if all(math.isfinite(value) for value in pair) else None


DIRECTIONS: Final = ("maximize", "minimize")
"""Directions of ``TrialOutcome.objectives``, in their order."""


@dataclass(frozen=True)
class KnownTrial:
    """A trial that the store already holds."""

    number: int
    outcome: TrialOutcome


@dataclass(frozen=True)
class StepChanged:
    """A step of the trial ``number`` changed its state; ``seconds`` is its wall time once it has ended."""

    number: int
    name: str
    """The piece that the step builds: ``target``, ``evaluator <kind>``, the kind of the attack and so on."""
    state: StepState
    seconds: float | None = None
    reason: str | None = None
    host: str | None = None
    """The machine on which an ended step ran; ``None`` if its worker was lost."""
    log: str | None = None
    """Path in the store of what an ended step logged."""


@dataclass(frozen=True)
class TrialEnded:
    """The trial ``number`` ended."""

    number: int
    outcome: TrialOutcome


TrialEvent = StepChanged | TrialEnded
"""What the chain of a trial says: any number of changes of its steps, then its end."""


class Trials(Protocol):
    """The sweep as an executor sees it."""

    @property
    def finished(self) -> bool:
        """Whether every trial has ended."""

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on running ones."""

    def hear(self, event: TrialEvent) -> None:
        """Take notice of an event of a running trial."""
