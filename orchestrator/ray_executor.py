"""A sweep as one Ray Tune experiment: trials are light coordinators on the head, steps are plain Ray tasks.

A coordinator takes no CPU and no GPU, only a sliver of the head, so that it can never keep resources from its
own steps; the steps ask for theirs outside of the trial's placement group.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune.search import Searcher
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from orchestrator.chain import Chain, Share, Shares
from orchestrator.cluster import Cluster, connected
from orchestrator.executors import ClusterSettings, Trials, pass_on
from orchestrator.outcome import Phase, TrialOutcome
from orchestrator.steps import Step, StepConfig, StepReport, Steps, perform
from search_spaces import Trial, canonical_json

ON_THE_HEAD = {"node:__internal_head__": 0.001}
TASK_RETRIES = 3
"""Times a step starts again after its worker or node was lost; steps are idempotent."""
COORDINATOR_RETRIES = 3
OUTSIDE = PlacementGroupSchedulingStrategy(placement_group=None)  # type: ignore[arg-type]  # None: in no group
FEWEST_LANES = 2
"""Trials in flight on the smallest cluster: while one has nothing to run, another keeps the CPU busy."""


def run_experiment(
    trials: Trials, store_uri: str, steps: Steps, threads: int, settings: ClusterSettings
) -> None:
    """Run ``trials`` on the cluster of ``settings`` until they are finished."""
    with connected(settings, threads) as cluster, tempfile.TemporaryDirectory(prefix="tldmi-tune-") as folder:
        lanes = max(FEWEST_LANES, cluster.slots(threads))
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(lanes)
        _tuner(ProposalSearcher(trials, lanes), store_uri, steps, cluster, folder).fit()


def _tuner(searcher: Searcher, store_uri: str, steps: Steps, cluster: Cluster, folder: str) -> tune.Tuner:
    coordinator = tune.with_resources(
        tune.with_parameters(Coordinator, store_uri=store_uri, steps=steps, shares=cluster.shares),
        tune.PlacementGroupFactory([ON_THE_HEAD]),
    )
    return tune.Tuner(
        coordinator,
        tune_config=tune.TuneConfig(search_alg=searcher, num_samples=-1, reuse_actors=True),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=folder,
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=COORDINATOR_RETRIES),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


class ProposalSearcher(Searcher):
    """Hands the sweep's proposals to Tune and what coordinators report back to the sweep.

    An outcome is heard one report before its trial ends. The next round is then already waiting when the
    trial ends, so Tune gives it the coordinator instead of stopping the process and starting another.
    """

    def __init__(self, trials: Trials, lanes: int) -> None:
        super().__init__()
        # No metric is Tune's business: its check for them would end the sweep at the first phase.
        self._metric = self._mode = None
        self._trials = trials
        self._lanes = lanes
        self._running: dict[str, int] = {}
        self._recorded: set[int] = set()

    def set_search_properties(self, *_: Any, **__: Any) -> bool:  # noqa: ANN401  (Tune's signature)
        """Accept Tune's metric, mode and space, all of them unused."""
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next trial's configuration, ``None`` while there is none, or that the search is over."""
        if self._trials.finished:
            return cast(dict[str, Any], Searcher.FINISHED)  # a marker; Tune types only the usual answer
        open_trials = [number for number in self._running.values() if number not in self._recorded]
        proposal = self._trials.next() if len(open_trials) < self._lanes else None
        if proposal is None:
            return None
        self._running[trial_id] = proposal.number
        return {"number": proposal.number, "trial": canonical_json(proposal.trial)}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Pass a phase or the outcome on to the sweep."""
        number, event = self._running[trial_id], result.get("event")
        if isinstance(event, TrialOutcome):
            self._record(number, event)
        elif event:
            pass_on(self._trials, number, event)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Record as failed a trial whose coordinator ended without an outcome."""
        lost = TrialOutcome("failed", "its coordinator was lost too often")
        self._record(self._running.pop(trial_id), lost)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: a restart rebuilds the search from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave the sweep out when Tune pickles its experiment state."""
        return {}

    def _record(self, number: int, outcome: TrialOutcome) -> None:
        if number not in self._recorded:
            self._recorded.add(number)
            self._trials.record(number, outcome)


class Coordinator(tune.Trainable):
    """One trial at a time: runs its chain, reporting each phase; imports no torch."""

    def setup(  # type: ignore[override]  # Tune passes what with_parameters was given
        self, config: dict[str, Any], store_uri: str, steps: Steps, shares: Shares
    ) -> None:
        """Make the chain that this process uses for all its trials, and begin the first of them."""
        self._chain = Chain(RaySubmit(), store_uri, steps, shares)
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in the same process."""
        trial = Trial.model_validate_json(new_config["trial"])
        self._events: Iterator[list[Phase] | TrialOutcome] = self._chain.run(trial)
        return True

    def step(self) -> dict[str, Any]:
        """Wait for the next phase or the outcome and report it; then report that the trial is done."""
        event = next(self._events, None)
        return {"done": True} if event is None else {"event": event}

    def cleanup(self) -> None:
        """Let go of the locks of a trial that is stopped in the middle."""
        self._events = iter(())


class RaySubmit:
    """Runs steps as Ray tasks, outside of the placement group of the trial that submits them."""

    def submit(self, step: Step, config: StepConfig, store_uri: str, share: Share) -> Any:  # noqa: ANN401
        """Return the object reference of the step's report."""
        task = _task.options(
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            scheduling_strategy=OUTSIDE,
        )
        return task.remote(step, config, store_uri, share.gpus)

    def wait(self, handles: Sequence[Any], timeout: float | None) -> list[Any]:
        """Return the references whose steps have ended."""
        if not handles:
            time.sleep(timeout or 0.0)
            return []
        ended, pending = ray.wait(list(handles), num_returns=1, timeout=timeout)
        also, _ = ray.wait(pending, num_returns=len(pending), timeout=0) if pending else ([], [])
        return [*ended, *also]

    def report(self, handle: Any) -> StepReport:  # noqa: ANN401  (Ray's references are untyped here)
        """Return the step's report; a step whose workers or nodes were lost too often is a failure."""
        try:
            report: StepReport = ray.get(handle)
        except RayError as error:
            return StepReport("failed", f"its worker was lost {TASK_RETRIES + 1} times: {_first_line(error)}")
        return report


@ray.remote(max_retries=TASK_RETRIES)
def _task(step: Step, config: StepConfig, store_uri: str, gpus: float) -> StepReport:
    if not gpus:
        # Ray leaves all GPUs visible to a task that asked for none.
        os.environ.setdefault("TLDMI_SWEEP_DEVICE", "cpu")
    return perform(step, config, store_uri)


def _first_line(error: RayError) -> str:
    return str(error).strip().splitlines()[0]
