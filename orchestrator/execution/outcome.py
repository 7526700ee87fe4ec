"""What is said about a trial while it runs and when it ends."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from search_spaces import Trial

Role = Literal["search", "confirmation", "control"]
PhaseState = Literal["waiting", "started", "done", "found", "failed"]


@dataclass(frozen=True)
class Proposal:
    """A trial to run; ``number`` is its order of proposal within the sweep."""

    number: int
    role: Role
    trial: "Trial"


@dataclass(frozen=True)
class Phase:
    """A step of a running trial changed its state; ``seconds`` is its wall time once it has ended."""

    name: str
    """``generator``, ``evaluator <kind>``, ``target`` or the kind of the attack."""
    state: PhaseState
    seconds: float | None = None
    reason: str | None = None
    host: str | None = None
    """Where an ended step ran; nothing for one whose worker was lost."""
    log: str | None = None
    """Path in the store of what an ended step logged."""


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
    """Where the step ran that failed, when it is known."""

    @property
    def objectives(self) -> tuple[float, float] | None:
        """(Acc, worst AttAcc) of a done trial when both are finite numbers."""
        if self.state != "done" or self.acc is None or self.worst_att_acc is None:
            return None
        pair = (self.acc, self.worst_att_acc)
        return pair if all(math.isfinite(value) for value in pair) else None


@dataclass(frozen=True)
class KnownTrial:
    """A trial that the store already holds."""

    number: int
    outcome: TrialOutcome
