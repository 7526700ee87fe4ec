"""A sweep as one Ray Tune experiment: trials are light coordinators on the head, steps are plain Ray tasks.

A coordinator takes no CPU and no GPU, only a share of the head's own label, so that it can never keep
resources from its own steps; the steps ask for theirs outside of the trial's placement group.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import ray
from ray import tune
from ray.exceptions import RayError
from ray.tune import TuneError
from ray.tune.search import Searcher
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from orchestrator.errors import Unreachable
from orchestrator.execution.chain import Chain
from orchestrator.execution.events import Proposal, TrialEnded, TrialEvent, Trials
from orchestrator.execution.gpus import DEVICE_VARIABLE
from orchestrator.execution.ray.autoscaling import made_by_ray_up
from orchestrator.execution.ray.cluster import connect_cluster
from orchestrator.execution.ray.credentials import apply_credentials, credentials, keep_from_logs
from orchestrator.execution.ray.health import HealthCallback
from orchestrator.execution.ray.messages import messages_kept
from orchestrator.execution.ray.tune_memory import DropEndedTrials
from orchestrator.execution.resources import TASK_RETRIES, ClusterSettings, ResourceRequest
from orchestrator.execution.steps import Build, StepReport, perform_step
from orchestrator.execution.work_folder import work_folder
from search_spaces import Piece, Trial, canonical_json
from search_spaces.plugins import PluginSource, load_sources, loaded_sources
from search_spaces.trial import read_piece

HEAD = "node:__internal_head__"
"""A resource that only the head has, 1.0 of it: asking for some pins a coordinator there."""
MIN_HEAD_SHARE = 0.001
UNITS = 10_000
"""Parts that Ray divides a resource into."""
COORDINATOR_RETRIES = 3
"""Times a trial is handed out again after its coordinator, or its store, was lost."""
UNREACHABLE = "unreachable"
"""Key of what a coordinator reports when it has to give its trial up."""
NO_PLACEMENT_GROUP = PlacementGroupSchedulingStrategy(placement_group=None)  # type: ignore[arg-type]  # None: in no group
FEWEST_TRIAL_SLOTS = 2
"""Trials in flight on the smallest cluster: while one has nothing to run, another keeps the CPU busy."""


def run_experiment(
    trials: Trials, store_uri: str, build: Build, threads: int, settings: ClusterSettings
) -> None:
    """Run ``trials`` on the cluster of ``settings`` until they are finished."""
    keep_from_logs()
    own = settings.address == "local"
    with (
        work_folder() as folder,
        messages_kept(store_uri),
        connect_cluster(settings, threads, folder) as cluster,
    ):
        trial_slots = max(FEWEST_TRIAL_SLOTS, cluster.training_slots(threads))
        os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(trial_slots)
        searcher = ProposalSearcher(trials, trial_slots)
        work = RemoteWork(build, store_uri, loaded_sources(), {} if own else credentials())
        chain = Chain(RaySubmit(work), store_uri, cluster.shares)
        coordinator = tune.with_parameters(Coordinator, chain=chain, plugins=work.plugins)
        share = head_share(trial_slots, _free_of_head(own))
        _fit(_tuner(tune.with_resources(coordinator, share), searcher, str(folder / "tune")), searcher)
        if searcher.lost:
            raise Unreachable(searcher.lost)


def _fit(tuner: tune.Tuner, searcher: "ProposalSearcher") -> None:
    """Run the experiment; what the sweep itself raises comes out as it is, where Tune makes a text of it."""
    try:
        tuner.fit()
    except TuneError as error:
        if searcher.raised is None:
            raise
        raise searcher.raised from error


def head_share(trial_slots: int, free: float) -> tune.PlacementGroupFactory:
    """Return what a coordinator takes of the head's label, of which ``free`` is left, 1.0 at most.

    All trial slots together leave too little for one more. Tune asks for another coordinator when a trial
    waits, and would start a process for nearly every trial, while those that it has are about to be free.
    What is left is enough for the trial slots of another sweep.
    """
    units = int(free * UNITS)
    share = units // (trial_slots + 1) + 1
    if share * trial_slots > units:
        share = units // trial_slots
    return tune.PlacementGroupFactory([{HEAD: share / UNITS if share else MIN_HEAD_SHARE}])


def _free_of_head(own: bool) -> float:
    """Return how much of the head's label coordinators may fill, 0 where that would trouble an autoscaler."""
    if own:
        return 1.0
    left: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    return 0.0 if made_by_ray_up() else left.get(HEAD, 0.0)


def _tuner(coordinator: type[tune.Trainable], searcher: "ProposalSearcher", folder: str) -> tune.Tuner:
    return tune.Tuner(
        coordinator,
        tune_config=tune.TuneConfig(search_alg=searcher, num_samples=-1, reuse_actors=True),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=folder,
            verbose=0,
            callbacks=[DropEndedTrials(), HealthCallback(searcher.stop_with)],
            failure_config=tune.FailureConfig(max_failures=0),  # the searcher hands lost trials out again
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


class ProposalSearcher(Searcher):
    """Hands the sweep's proposals to Tune and what coordinators report back to the sweep.

    An outcome is heard one report before its trial ends. The next round is then already waiting when the
    trial ends, so Tune gives it the coordinator instead of stopping the process and starting another.
    A trial whose coordinator was lost is handed out again, as another trial of Tune: Tune's own retries leave
    out one that was given an idle coordinator which had died.
    """

    def __init__(self, trials: Trials, trial_slots: int) -> None:
        super().__init__()
        # No metric is Tune's business: its check for them would end the sweep at the first report.
        self._metric = self._mode = None
        self._trials = trials
        self._trial_slots = trial_slots
        self._running: dict[str, int] = {}
        self._open: dict[int, Proposal] = {}
        self._again: deque[Proposal] = deque()
        self._losses: Counter[int] = Counter()
        self.lost: str | None = None
        """Why the sweep cannot go on, once a coordinator, or the store of a trial, was lost for good."""
        self._unreachable: dict[int, str] = {}
        self.raised: Exception | None = None
        """What ends the experiment from our side: the store is lost, or Ray itself has died."""

    def set_search_properties(self, *_: Any, **__: Any) -> bool:  # noqa: ANN401  (Tune's signature)
        """Accept Tune's metric, mode and space, all of them unused."""
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next trial's configuration, ``None`` while there is none, or that the search is over."""
        if self._trials.finished or self.lost:
            return cast(dict[str, Any], Searcher.FINISHED)  # a marker; Tune types only the usual answer
        proposal = self._next()
        if proposal is None:
            return None
        self._running[trial_id] = proposal.number
        self._open[proposal.number] = proposal
        return {"number": proposal.number, "trial": canonical_json(proposal.trial)}

    def _next(self) -> Proposal | None:
        """Return a trial that was lost, else the next one while there is a slot for it."""
        if self._again:
            return self._again.popleft()
        return self._trials.next() if len(self._open) < self._trial_slots else None

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Pass what happened to the trial on to the sweep."""
        if UNREACHABLE in result:
            self._unreachable[self._running[trial_id]] = result[UNREACHABLE]
        events: list[TrialEvent] = result.get("events", [])
        for event in events:
            if isinstance(event, TrialEnded):
                del self._open[event.number]
            try:
                self._trials.hear(event)
            except Exception as error:
                self.stop_with(error)
                raise

    def stop_with(self, error: Exception) -> None:
        """Remember what ends the experiment: Tune passes on a text alone."""
        self.raised = error

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Hand a trial without an outcome out again; one that was lost too often ends the sweep."""
        number = self._running.pop(trial_id)
        if number not in self._open:
            return
        self._losses[number] += 1
        if self._losses[number] > COORDINATOR_RETRIES:
            self.lost = self._unreachable.get(number) or (
                f"the coordinator of trial {number} was lost {self._losses[number]} times; "
                "finished work is kept; the same command resumes the sweep"
            )
        else:
            self._again.append(self._open[number])

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: a restart rebuilds the search from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave the sweep out when Tune pickles its experiment state."""
        return {}


class Coordinator(tune.Trainable):
    """One trial at a time: runs its chain and reports what happens; imports no torch."""

    def setup(  # type: ignore[override]  # Tune passes what with_parameters was given
        self, config: dict[str, Any], chain: Chain[Any], plugins: Sequence[PluginSource]
    ) -> None:
        """Take the chain that this process uses for all its trials, and begin the first of them."""
        load_sources(plugins)
        self._chain = chain
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another trial in the same process."""
        trial = Trial.model_validate_json(new_config["trial"])
        self._events: Iterator[list[TrialEvent]] = self._chain.run(new_config["number"], trial)
        self._given_up: Unreachable | None = None
        return True

    def step(self) -> dict[str, Any]:
        """Wait for what happens next and report it; after the end of the trial report that it is done.

        A store that does not answer is no outcome. Why is reported first; then this process ends with the
        error, and with it the steps that it is waiting for.
        """
        if self._given_up:
            raise self._given_up
        try:
            events = next(self._events, None)
        except Unreachable as error:
            self._given_up = error
            return {UNREACHABLE: str(error)}
        return {"done": True} if events is None else {"events": events}

    def cleanup(self) -> None:
        """Let go of the locks of a trial that is stopped in the middle."""
        self._events = iter(())


@dataclass(frozen=True)
class RemoteWork:
    """What every step of a run needs on the machine that it comes to."""

    build: Build
    store_uri: str
    plugins: tuple[PluginSource, ...]
    """Plugin files that the driver has run: they define settings of trials and what these do."""
    credentials: Mapping[str, str]


class RaySubmit:
    """Builds pieces as Ray tasks, outside of the placement group of the trial that submits them."""

    def __init__(self, work: RemoteWork) -> None:
        self._work = work

    def submit(self, piece: Piece, request: ResourceRequest) -> Any:  # noqa: ANN401
        """Return the object reference of the step's report."""
        task = _task.options(
            num_cpus=request.cpus,
            num_gpus=request.gpus,
            scheduling_strategy=NO_PLACEMENT_GROUP,
        )
        return task.remote(self._work, canonical_json(piece), request.gpus)

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
def _task(work: RemoteWork, piece: str, gpus: float) -> StepReport:
    """Build the piece with this canonical JSON; as text it needs no class before the plugins are run."""
    apply_credentials(work.credentials)
    load_sources(work.plugins)
    if not gpus:
        # Ray leaves all GPUs visible to a task that asked for none.
        os.environ.setdefault(DEVICE_VARIABLE, "cpu")
    return perform_step(work.build, read_piece(piece), work.store_uri)


def _first_line(error: RayError) -> str:
    return str(error).strip().splitlines()[0]
