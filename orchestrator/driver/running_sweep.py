"""Trials in motion: handed out while the run may go on, and written when they end."""

from orchestrator.driver.listeners import TrialSource, TrialStarted
from orchestrator.driver.run_context import RunContext
from orchestrator.driver.trial_rows import write_trial
from orchestrator.execution.events import Proposal, TrialEnded, TrialEvent
from results.sweeps.trial_logs import write_trial_log


class RunningSweep:
    """The trials of ``source`` as an executor runs them."""

    def __init__(self, context: RunContext, source: TrialSource) -> None:
        self._context, self._source = context, source
        self._open: dict[int, Proposal] = {}
        self.ran = 0
        """Trials that ended in this run."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to run: all has an outcome, or the run stops and its last trial ended."""
        return self._source.finished or (self._context.control.stopping is not None and not self._open)

    def next(self) -> Proposal | None:
        """Return a trial to run now, or ``None`` while the next one depends on running ones or none may."""
        context = self._context
        context.require_lease()
        context.stop(context.limits.before_start())
        proposal = None if context.control.stopping else self._source.next()
        if proposal:
            self._open[proposal.number] = proposal
            context.limits.trial_started(proposal.number)
            context.tell(TrialStarted(proposal))
        return proposal

    def hear(self, event: TrialEvent) -> None:
        """Take notice of an event of a running trial; of its end once its log and row are written."""
        context = self._context
        if isinstance(event, TrialEnded):
            self._record(event)
            context.tell(event)
            context.stop(context.limits.trial_ended(event.number, event.outcome))
        else:
            context.tell(event)
            context.stop(context.limits.step_ended(event))

    def _record(self, event: TrialEnded) -> None:
        """Write log and row of an ended trial, then let the search know."""
        context, number, outcome = self._context, event.number, event.outcome
        context.require_lease()
        proposal, sweep_id = self._open.pop(number), context.sweep.sweep_id
        write_trial_log(context.store, context.recorder.log(sweep_id, number, outcome))
        write_trial(context.store, sweep_id, proposal, outcome)
        self.ran += 1
        self._source.tell(number, outcome)
