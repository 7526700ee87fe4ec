"""The Ray executor: one real sweep of fake steps on a local cluster, and its parts without Ray."""

import ipaddress
import shutil
import tempfile
from pathlib import Path

import pytest
import ray
from ray.tune import TuneError
from ray.tune.search import Searcher

from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.errors import InvalidRequest, Unreachable
from orchestrator.execution.chain import Chain
from orchestrator.execution.events import StepChanged, TrialEnded, TrialOutcome
from orchestrator.execution.executors import InlineSubmit
from orchestrator.execution.ray.cluster import connect_cluster
from orchestrator.execution.ray.experiment import (
    COORDINATOR_RETRIES,
    UNREACHABLE,
    Coordinator,
    ProposalSearcher,
    _fit,
    head_share,
)
from orchestrator.execution.resources import ClusterSettings, GpuShares, fit_steps
from orchestrator.execution.work_folder import PREFIX
from orchestrator.search.search import Proposer
from results import StoreNotWritable, StoreUnreachable, open_store
from search_spaces import canonical_json, load_setup
from search_spaces.defenses import Defense
from tests.fixtures.deaf_port import deaf_port
from tests.orchestrator.fake_steps import (
    FAKE,
    FakeBuild,
    dying_target,
    listening_evaluator,
    logged,
    worker_pids,
)
from tests.orchestrator.small_sweeps import small_space, small_sweep


def leftovers():
    """Return what Ray and Tune have left on disk."""
    homes = [Path(tempfile.gettempdir()).glob(f"{PREFIX}*"), Path.home().glob("ray_results/*")]
    return {path for home in homes for path in home}


@pytest.fixture(scope="module")
def ray_sweep(tmp_path_factory):
    """A sweep on Ray, one of whose workers is killed; and the same sweep inline."""
    folder = tmp_path_factory.mktemp("ray")
    home = tempfile.mkdtemp(prefix="t")  # of its own, and short: other tests may be running sweeps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", home)
        yield _both_ways(folder)
    shutil.rmtree(home)


def _both_ways(folder):
    before = leftovers()
    stores = str(folder / "ray"), str(folder / "inline")
    setup = load_setup("orl_faces")
    steps = FakeBuild(target=dying_target, other=listening_evaluator)
    cluster = ClusterSettings(workers=2)
    outcome = run_sweep(small_space(), setup, stores[0], Execution("ray", cluster, build=steps))
    run_sweep(small_space(), setup, stores[1], Execution("inline", build=FAKE))
    return outcome, *stores, leftovers() - before


def rows(store):
    return sorted(open_store(store).read_rows("trials").to_pylist(), key=lambda row: row["number"])


def test_ray_and_inline_give_the_same_rows_though_a_worker_was_killed(ray_sweep):
    outcome, on_ray, inline, _ = ray_sweep
    assert (Path(on_ray) / "died").exists()
    assert rows(on_ray) == rows(inline)
    assert outcome.failed == 0


def test_what_ray_said_of_the_killed_worker_is_kept_in_the_store(ray_sweep):
    _, on_ray, _, _ = ray_sweep
    store = open_store(on_ray)
    (path,) = store.list_paths("logs/ray/")
    assert "worker died" in store.get_bytes(path).decode()


def test_each_target_is_trained_and_each_attack_run_once(ray_sweep):
    _, on_ray, _, _ = ray_sweep
    work = [line for line in logged(on_ray) if line.split()[0] in {"target", "gmi", "brepmi"}]
    assert len(work) == len(set(work)) == 3 * len(rows(on_ray))


def test_steps_share_few_worker_processes(ray_sweep):
    """Each process pays for importing torch: two CPUs, one for the killed worker, some of Ray's choice."""
    _, on_ray, _, _ = ray_sweep
    assert len(worker_pids(on_ray)) <= 8 < len(logged(on_ray)) / 3


def test_nothing_is_left_on_disk(ray_sweep):
    *_, left = ray_sweep
    assert left == set()


class Recorder:
    """A sweep as the searcher sees it, keeping what it is told."""

    def __init__(self, **changes):
        self._proposer = Proposer(small_sweep(**changes))
        self.heard = []

    @property
    def finished(self):
        return self._proposer.finished

    def next(self):
        return self._proposer.next()

    def hear(self, event):
        self.heard.append(event)
        if isinstance(event, TrialEnded):
            self._proposer.tell(event.number, event.outcome)


DONE = [TrialEnded(0, TrialOutcome("done", None, 0.9, 0.1))]


def test_a_searcher_hands_out_no_more_trials_than_lanes() -> None:
    searcher = ProposalSearcher(Recorder(search={"trials": 4, "round_size": 4}), trial_slots=2)
    assert searcher.suggest("a")["number"] == 0
    assert searcher.suggest("b")["number"] == 1
    assert searcher.suggest("c") is None
    searcher.on_trial_result("a", {"events": DONE})
    assert searcher.suggest("c")["number"] == 2


def test_the_sweep_hears_of_every_step_and_of_the_end_once() -> None:
    trials, started = Recorder(), StepChanged(0, "target", "started")
    searcher = ProposalSearcher(trials, trial_slots=2)
    searcher.suggest("a")
    searcher.on_trial_result("a", {"events": [started]})
    searcher.on_trial_result("a", {"events": DONE})
    searcher.on_trial_complete("a", result={"done": True})
    assert trials.heard == [started, *DONE]


def test_what_the_sweep_raises_when_it_is_told_is_no_error_of_tune() -> None:
    """Tune makes a text of what its searcher raises, and the exit code would be that of a defect."""

    class Full(Recorder):
        def hear(self, event):
            raise StoreUnreachable("the bucket does not answer")

    class Tuner:
        def fit(self):
            searcher.suggest("a")
            try:
                searcher.on_trial_result("a", {"events": DONE})
            except StoreUnreachable as error:
                raise TuneError("a traceback") from error

    searcher = ProposalSearcher(Full(), trial_slots=1)
    with pytest.raises(StoreUnreachable, match="does not answer"):
        _fit(Tuner(), searcher)


def test_an_error_of_tune_stays_one() -> None:
    class Tuner:
        def fit(self):
            raise TuneError("of its own")

    with pytest.raises(TuneError, match="of its own"):
        _fit(Tuner(), ProposalSearcher(Recorder(), trial_slots=1))


def test_a_trial_whose_coordinator_was_lost_is_handed_out_again_before_others() -> None:
    trials = Recorder(search={"trials": 4, "round_size": 4})
    searcher = ProposalSearcher(trials, trial_slots=2)
    first = searcher.suggest("a")
    assert searcher.suggest("b")["number"] == 1
    searcher.on_trial_complete("a", error=True)
    assert searcher.suggest("c") == first
    assert searcher.suggest("d") is None
    searcher.on_trial_result("c", {"events": DONE})
    searcher.on_trial_complete("c", result={"done": True})
    assert trials.heard == DONE
    assert searcher.suggest("d")["number"] == 2


def test_a_coordinator_lost_for_good_ends_the_sweep_without_an_outcome() -> None:
    trials = Recorder()
    searcher = ProposalSearcher(trials, trial_slots=1)
    for attempt in range(COORDINATOR_RETRIES + 1):
        assert searcher.lost is None
        assert searcher.suggest(str(attempt))["number"] == 0
        searcher.on_trial_complete(str(attempt), error=True)
    assert trials.heard == []
    assert "trial 0 was lost 4 times" in searcher.lost
    assert searcher.suggest("b") == Searcher.FINISHED


def test_a_coordinator_whose_store_is_lost_says_why_before_it_ends(tmp_path: Path) -> None:
    def target(config, store):
        raise StoreNotWritable("the disk is full")

    one = object.__new__(Coordinator)  # without an actor around it
    open_store(str(tmp_path), create=True)
    one.setup(
        {"number": 0, "trial": canonical_json(small_sweep().trial(Defense(), 0))},
        chain=Chain(InlineSubmit(FakeBuild(target=target), str(tmp_path)), str(tmp_path), GpuShares()),
        plugins=(),
    )
    assert "events" in one.step()
    assert "the disk is full" in one.step()[UNREACHABLE]
    with pytest.raises(Unreachable, match="the disk is full"):
        one.step()


def test_a_store_that_is_lost_for_good_ends_the_sweep_with_its_reason() -> None:
    searcher = ProposalSearcher(Recorder(), trial_slots=1)
    for attempt in range(COORDINATOR_RETRIES + 1):
        assert searcher.suggest(str(attempt))["number"] == 0
        searcher.on_trial_result(str(attempt), {UNREACHABLE: "target: the disk is full"})
        searcher.on_trial_complete(str(attempt), error=True)
    assert searcher.lost == "target: the disk is full"
    assert searcher.suggest("b") == Searcher.FINISHED


def share_of(trial_slots, free):
    return head_share(trial_slots, free).bundles[0]["node:__internal_head__"]


@pytest.mark.parametrize(
    ("trial_slots", "free"), [(2, 1.0), (3, 1.0), (7, 1.0), (64, 1.0), (7, 0.3333), (2, 0.0144)]
)
def test_coordinators_leave_no_room_for_another_and_some_for_another_sweep(
    trial_slots: int, free: float
) -> None:
    share = share_of(trial_slots, free)
    assert trial_slots * share <= free + 1e-9 < (trial_slots + 1) * share + 1e-9
    assert share_of(2, 1.0 - trial_slots * share_of(trial_slots, 1.0)) > 0.001


@pytest.mark.parametrize(("trial_slots", "free"), [(2, 0.0), (20_000, 1.0)])
def test_where_nothing_is_left_of_the_head_coordinators_take_a_sliver(trial_slots: int, free: float) -> None:
    assert share_of(trial_slots, free) == 0.001


def test_a_searcher_says_when_the_sweep_is_finished() -> None:
    searcher = ProposalSearcher(
        Recorder(search={"trials": 1}, control={"kinds": []}, confirmation={"further_seeds": 0}),
        trial_slots=1,
    )
    searcher.suggest("a")
    assert searcher.suggest("b") is None
    searcher.on_trial_result("a", {"events": DONE})
    assert searcher.suggest("b") == Searcher.FINISHED


TWO_CPUS = [{"CPU": 2.0}]


def test_shares_are_of_gpus_only_where_there_are_gpus() -> None:
    cpu_only = fit_steps(TWO_CPUS, ClusterSettings(), threads=1)
    with_gpus = fit_steps([{"CPU": 8.0, "GPU": 2.0}], ClusterSettings(), threads=1)
    assert cpu_only.shares == GpuShares(0, 0)
    assert with_gpus.shares == GpuShares(1, 0.5)
    assert (cpu_only.training_slots(1), cpu_only.training_slots(2), with_gpus.training_slots(1)) == (2, 1, 2)


@pytest.mark.parametrize(
    ("nodes", "settings", "threads", "named"),
    [
        (TWO_CPUS, ClusterSettings(), 3, "training T requests 3 CPU"),
        (TWO_CPUS, ClusterSettings(gpus_per_target=1), 1, "1 GPU"),
        (TWO_CPUS, ClusterSettings(gpus_per_attack=0.25), 1, "an attack requests 1 CPU(s) and 0.25 GPU"),
        ([{"CPU": 4.0}, {"CPU": 1.0, "GPU": 1.0}], ClusterSettings(), 2, "training T"),
    ],
)
def test_a_step_that_fits_on_no_node_is_refused(nodes, settings, threads, named):
    with pytest.raises(InvalidRequest) as error:
        fit_steps(nodes, settings, threads)
    assert named in str(error.value)


def test_an_address_where_nothing_listens_is_refused_at_once(tmp_path: Path) -> None:
    with (
        deaf_port() as port,
        pytest.raises(Unreachable, match=f"no Ray cluster at '127.0.0.1:{port}'"),
        connect_cluster(ClusterSettings(address=f"127.0.0.1:{port}"), 1, tmp_path),
    ):
        pass


def test_a_connection_of_the_callers_own_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "shutdown", lambda: pytest.fail("the caller's connection was closed"))
    with pytest.raises(InvalidRequest, match="already"), connect_cluster(ClusterSettings(), 1, tmp_path):
        pass


def test_a_cluster_of_our_own_listens_on_loopback_alone(ray_sweep):
    _, on_ray, _, _ = ray_sweep
    addresses = {line.split()[1] for line in logged(on_ray) if line.startswith("listens")}
    assert addresses
    assert all(ipaddress.ip_address(address).is_loopback for address in addresses)
