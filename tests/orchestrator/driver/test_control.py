"""A sweep is stopped, cancelled and retried by requests and signals, and goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import orchestrator.driver.run_watch
import orchestrator.driver.sweep
from orchestrator.cli import main
from orchestrator.commands import execution, load_command
from orchestrator.driver import running_sweep, sweep_run
from orchestrator.driver.control import RunControl
from orchestrator.driver.limits import Limits
from orchestrator.driver.requests import ask_to_end, ask_to_retry
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.errors import ExitCode, Terminated, Unreachable, exit_code
from orchestrator.locks import Lease, sweep_holder
from orchestrator.screens.plain_view import PlainView
from results import StoreNotWritable, open_store
from results.stores.address import StoreAddress
from results.sweeps.run_progress import read_run_progress
from results.sweeps.trial_logs import read_trial_log
from search_spaces import load_setup
from tests.fixtures.documents import errors_of
from tests.orchestrator.fake_steps import FAKE, FakeBuild, train
from tests.orchestrator.small_sweeps import small_space, small_sweep
from trainables.build import StepOutcome

pytestmark = pytest.mark.load


def failing_target(config, store):
    """Fail with every defence at the first seed."""
    if config.defense.kind != "no_def" and config.seed == 0:
        return StepOutcome("failed", "the loss is NaN in epoch 1")
    return train(config, store)


def failing_once(tried):
    """Return a training that fails the first time with every defence at the first seed."""

    def target(config, store):
        first, _ = config.piece_id not in tried, tried.add(config.piece_id)
        return (failing_target if first else train)(config, store)

    return target


ROOT = Path(__file__).parent.parent.parent.parent
FAILING = FakeBuild(target=failing_target)
SWEEP = small_sweep().sweep_id


@pytest.fixture(autouse=True)
def watched_closely(monkeypatch):
    """Look at the store often."""
    monkeypatch.setattr(orchestrator.driver.run_watch, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(orchestrator.driver.run_watch, "LOOK_SECONDS", {False: 0.02, True: 0.02})


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """A store of each kind."""
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("bucket")


def sweep(store, build=FAKE, limits=None, **options):
    execution = Execution("inline", limits=limits or Limits(), build=build)
    return run_sweep(small_space(), load_setup("orl_faces"), store, execution, **options)


def rows(store):
    return sorted(open_store(store).read_rows("trials").to_pylist(), key=lambda row: row["number"])


def shell(*words):
    """Run a command as another shell would."""
    return CliRunner().invoke(main, words, obj=FAKE)


def cancel(store):
    """Cancel from another process: the driver may raise here before the command has ended."""
    words = [sys.executable, "-m", "orchestrator", "cancel", store]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=200)


def at_target(number, action, wait=lambda store: False):
    """Return steps that do ``action`` when T number ``number`` is trained, then train it after ``wait``."""
    trained = []

    def target(config, store):
        trained.append(config)
        if len(trained) == number + 1:
            action(store.uri)
            deadline = time.monotonic() + 120
            while wait(store.uri) and time.monotonic() < deadline:
                time.sleep(0.01)
        return train(config, store)

    return FakeBuild(target=target)


def not_stopping(store):
    """Return whether the driver has not noticed yet that it is to stop."""
    return read_run_progress(open_store(store), SWEEP).stopping is None


def undisturbed(tmp_path):
    whole = str(tmp_path / "whole")
    sweep(whole)
    return rows(whole)


def test_stop_ends_after_the_running_trial_and_the_sweep_goes_on(tmp_path: Path, place: str) -> None:
    said = []
    asking = at_target(2, lambda store: said.append(shell("stop", store, "--json")), not_stopping)
    outcome = sweep(place, asking)
    document = json.loads(said[0].stdout)
    assert errors_of("stop", document) == errors_of("cancel", {**document, "asked": "cancel"}) == []
    assert document["driver"]["pid"] == os.getpid()
    assert (outcome.exit_code, outcome.ran) == (ExitCode.STOPPED, 3)
    assert f"process {os.getpid()}" in outcome.stopped
    store = open_store(place)
    assert read_run_progress(store, SWEEP).outcome == outcome.stopped
    assert store.list_paths("requests/") == []
    assert sweep(place).exit_code is ExitCode.DONE
    assert rows(place) == undisturbed(tmp_path)


def test_cancel_ends_in_the_middle_of_a_trial_and_the_sweep_goes_on(tmp_path: Path, place: str) -> None:
    steps = at_target(2, cancel, wait=lambda store: True)
    with pytest.raises(Terminated, match="asked for a cancel"):
        sweep(place, steps)
    assert len(rows(place)) == 2
    assert open_store(place).list_paths("requests/") == []
    assert "asked for a cancel" in read_run_progress(open_store(place), SWEEP).outcome
    assert sweep(place).exit_code is ExitCode.DONE
    assert rows(place) == undisturbed(tmp_path)


def test_a_cancel_is_known_though_a_library_raises_an_interrupt_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    steps = at_target(1, cancel, wait=lambda store: True)

    def target(config, store):
        try:
            return steps.target(config, store)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None  # as Ray does

    like_ray = FakeBuild(target=target)
    with pytest.raises(Terminated, match="asked for a cancel"):
        sweep(store, like_ray, listeners=[PlainView()])
    said = capsys.readouterr().err
    assert ("ending now: " in said, "after the running trials" in said) == (True, False)


def test_a_request_for_an_earlier_run_stops_no_later_one(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    late = at_target(1, lambda store: ask_to_end(open_store(store), SWEEP, "cancel", "an earlier run"))
    assert sweep(store, late).exit_code is ExitCode.DONE


def test_a_stop_that_comes_before_the_run_listens_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is known from the moment at which it has the right to the sweep; it listens when it begins."""
    store, begun = str(tmp_path / "store"), sweep_run.record_run

    def asked_meanwhile(*arguments):
        assert shell("stop", store, "--sweep", SWEEP).exit_code == 0
        begun(*arguments)

    monkeypatch.setattr(sweep_run, "record_run", asked_meanwhile)
    outcome = sweep(store, at_target(0, lambda store: None, not_stopping))
    assert (outcome.exit_code, outcome.ran) == (ExitCode.STOPPED, 1)
    assert open_store(store).list_paths("requests/") == []


def without_lease_after(trials):
    """Return a lock whose holder has lost the lease when so many trials of the sweep have a row."""

    @contextmanager
    def lock(address: StoreAddress, *_: object) -> Iterator[Lease]:
        def still_held() -> bool:
            return len(open_store(address.uri).units("trials")) < trials

        yield Lease("run-1", still_held)

    return lock


def test_a_run_that_lost_its_lease_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither rows, nor how far it is, nor does it take what its heir is asked for."""
    store = str(tmp_path / "store")
    with monkeypatch.context() as patch:
        patch.setattr(sweep_run, "sweep_lock", without_lease_after(2))
        asking = at_target(1, lambda store: ask_to_end(open_store(store), SWEEP, "stop", "its heir"))
        with pytest.raises(Terminated, match="another process may run the sweep"):
            sweep(store, asking)
    assert len(rows(store)) == 2
    assert read_run_progress(open_store(store), SWEEP).outcome is None
    assert open_store(store).list_paths("requests/") == [f"requests/{SWEEP}.end.json"]
    assert sweep(store).exit_code is ExitCode.DONE
    assert rows(store) == undisturbed(tmp_path)


def test_a_store_that_takes_no_more_rows_ends_the_run_as_one_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = str(tmp_path / "store")

    def full(*_):
        raise StoreNotWritable("No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(running_sweep, "write_trial", full)
        with pytest.raises(Unreachable, match=r"No space left on device\. Finished work is kept") as error:
            sweep(store)
    assert exit_code(error.value) is ExitCode.UNREACHABLE
    assert sweep(store).exit_code is ExitCode.DONE
    assert rows(store) == undisturbed(tmp_path)


def interrupt(_store):
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_stops_and_says_what_a_second_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    outcome = sweep(store, at_target(1, interrupt, not_stopping), listeners=[PlainView()])
    assert (outcome.exit_code, outcome.ran, outcome.stopped) == (ExitCode.STOPPED, 2, "Ctrl-C")
    assert "Ctrl-C again cancels them" in capsys.readouterr().err
    assert sweep(store).failed == 0
    assert rows(store) == undisturbed(tmp_path)


def test_the_second_ctrl_c_cancels(tmp_path: Path) -> None:
    def twice(store):
        interrupt(store)
        interrupt(store)

    store = str(tmp_path / "store")
    with pytest.raises(KeyboardInterrupt) as error:
        sweep(store, at_target(1, twice))
    assert not isinstance(error.value, Terminated)
    assert len(rows(store)) == 1
    assert sweep(store).failed == 0


def test_handlers_are_put_back_and_an_ignored_ctrl_c_stays_ignored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with RunControl().handle_signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with RunControl().handle_signals():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("verb", ["stop", "cancel"])
@pytest.mark.parametrize("which", [[], ["--sweep", SWEEP[:6]]], ids=["any", "named"])
def test_nothing_to_end_is_said_and_leaves_nothing(tmp_path, verb, which):
    store = str(tmp_path / "store")
    sweep(store)
    result = shell(verb, store, *which)
    assert result.exit_code == ExitCode.INVALID
    assert f"nothing to {verb}: no driver runs" in result.output
    assert open_store(store).list_paths("requests/") == []


def test_failed_trials_run_again_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = str(tmp_path / "store")
    assert sweep(store, FAILING, limits=Limits(failures_in_row=0)).exit_code is ExitCode.FAILED_TRIALS
    before = rows(store)
    failed = [row["number"] for row in before if row["state"] == "failed"]
    monkeypatch.chdir(tmp_path)
    result = shell("retry", store, str(failed[0]), "--executor", "inline", "--json", "--quiet")
    assert (result.exit_code, json.loads(result.stdout)["ran"]) == (0, 1), result.output
    after = rows(store)
    assert [row["number"] for row in after if row["state"] == "failed"] == failed[1:]
    assert [row for row in after if row["number"] not in failed] == [
        row for row in before if row["number"] not in failed
    ]
    assert sweep(store, retry_failed=True).failed == 0


def test_a_failed_row_of_a_target_or_attack_is_forgotten_before_it_is_tried_again(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    sweep(store, FAILING, limits=Limits(failures_in_row=0))
    failed = next(row for row in rows(store) if row["state"] == "failed")
    opened = open_store(store)
    for status, target in (("failed", failed["target_id"]), ("done", rows(store)[0]["target_id"])):
        opened.write_rows("targets", target, [{"target_id": target, "status": status}])
    opened.write_rows("attacks", failed["attack_ids"][0], [{"status": "failed"}])
    assert sweep(store, retry_failed=True).failed == 0
    assert opened.units("targets") == [rows(store)[0]["target_id"]]
    assert opened.units("attacks") == []


@pytest.mark.parametrize("number", ["0", "99"])
def test_only_failed_trials_are_retried(tmp_path: Path, number: str) -> None:
    store = str(tmp_path / "store")
    sweep(store)
    before = rows(store)
    result = shell("retry", store, number, "--executor", "inline")
    assert (result.exit_code, "has not failed; failed: none" in result.output) == (ExitCode.INVALID, True)
    assert rows(store) == before


def test_a_running_driver_retries_in_the_end(tmp_path: Path) -> None:
    store, said = str(tmp_path / "store"), []
    asking = at_target(4, lambda store: said.append(shell("retry", store, "--json"))).target
    fails = failing_once(set())

    def target(config, store):
        asking(config, store)
        return fails(config, store)

    steps = FakeBuild(target=target)
    outcome = sweep(store, steps, limits=Limits(failures_in_row=0))
    document = json.loads(said[0].stdout)
    assert errors_of("retry", document) == []
    asked = document["trials"]
    assert asked
    assert not {row["number"] for row in rows(store) if row["state"] == "failed"} & set(asked)
    assert outcome.ran > len(rows(store))


def test_a_retry_of_what_is_done_by_now_changes_nothing(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    run = []

    def ask(store):
        run.append(sweep_holder(StoreAddress.parse(store), SWEEP)["run"])
        ask_to_retry(open_store(store), SWEEP, [0, 99], run[0])

    assert sweep(store, at_target(3, ask)).exit_code is ExitCode.DONE
    assert run
    assert rows(store) == undisturbed(tmp_path)


def test_a_trial_is_reproduced_into_another_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, copy = str(tmp_path / "store"), str(tmp_path / "copy")
    sweep(store)
    before = rows(store)
    result = shell("retry", store, "2", "--into", copy, "--executor", "inline", "--quiet")
    assert result.exit_code == 0, result.output
    assert rows(copy) == [before[2]]
    assert rows(store) == before


def test_the_breaker_stops_resumably_and_names_the_reason(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    always = FakeBuild(target=lambda piece, store: 1 / 0)
    outcome = sweep(store, always, limits=Limits(failures_in_row=3))
    assert (outcome.exit_code, outcome.ran, outcome.failed) == (ExitCode.STOPPED, 3, 3)
    assert "3 trials in a row failed on host" in outcome.stopped
    assert "ZeroDivisionError: division by zero" in outcome.stopped
    assert sweep(store, retry_failed=True).failed == 0
    assert [row["state"] for row in rows(store)] == ["done"] * len(rows(store))


def test_a_budget_stops_resumably(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    outcome = sweep(store, limits=Limits(max_trials=2))
    assert (outcome.exit_code, outcome.ran) == (ExitCode.STOPPED, 2)
    hours = sweep(store, limits=Limits(max_hours=1e-9))
    assert (hours.exit_code, hours.ran) == (ExitCode.STOPPED, 0)
    assert sweep(store).exit_code is ExitCode.DONE
    assert rows(store) == undisturbed(tmp_path)


def test_a_limit_reached_with_the_last_trial_stops_nothing(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    trials = len(undisturbed(tmp_path))
    assert sweep(store, limits=Limits(max_trials=trials)).exit_code is ExitCode.DONE


def test_a_trial_leaves_its_log_and_a_failed_step_its_traceback(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    broken = FakeBuild(target=lambda piece, store: 1 / 0)
    sweep(store, broken, limits=Limits(max_trials=1))
    log = read_trial_log(open_store(store), SWEEP, 0)
    assert (log.state, log.reason) == ("failed", rows(store)[0]["reason"])
    step = next(step for step in log.steps if step.state == "failed")
    assert (step.name, step.host) == ("target", os.uname().nodename)
    text = open_store(store).get_bytes(step.log).decode()
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


def test_every_option_of_a_run_that_limits_it_reaches_it() -> None:
    names = {parameter.name for parameter in load_command("run").params}
    assert set(execution._LIMITS) <= names
    assert set(execution._LIMITS.values()) == set(Limits.__dataclass_fields__)
