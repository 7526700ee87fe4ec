"""What the parts of one run share: its sweep and store, the lease on them, its end, and who listens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.driver.control import RunControl
from orchestrator.driver.limits import LimitKeeper, Limits
from orchestrator.driver.listeners import Event, Listener
from orchestrator.driver.run_recorder import RunRecorder
from orchestrator.errors import Terminated
from orchestrator.execution.executors import ExecutorName
from orchestrator.execution.resources import ClusterSettings
from orchestrator.execution.steps import Build
from orchestrator.locks import LOST, Lease
from results import Store
from search_spaces import Sweep
from trainables.build import build_piece


@dataclass(frozen=True)
class Execution:
    """Where and how long trials run; none of it changes what comes out."""

    executor: ExecutorName = "ray"
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    limits: Limits = field(default_factory=Limits)
    build: Build = build_piece
    """Builds each piece."""
    optuna_storage: str | None = None
    """Journal file or database URL in which the study of the search is mirrored."""


@dataclass(frozen=True)
class RunContext:
    """The collaborators of one run."""

    sweep: Sweep
    store: Store
    lease: Lease
    control: RunControl
    limits: LimitKeeper
    recorder: RunRecorder
    listeners: Sequence[Listener]
    """Those who follow the run besides the recorder, which hears everything first."""

    def tell(self, event: Event) -> None:
        """Let every listener hear ``event``."""
        for listener in (self.recorder, *self.listeners):
            listener.hear(event)

    def stop(self, reason: str | None) -> None:
        """Let the running trials end and start no other, if there is a ``reason`` to."""
        if reason:
            self.control.stop(reason)

    def require_lease(self) -> None:
        """Raise ``Terminated`` if another process may run the sweep: this one must write no more.

        The thread that renews the lease notices as well, but not always first if the process was stopped.
        """
        if not self.lease.still_held():
            raise Terminated(LOST)
