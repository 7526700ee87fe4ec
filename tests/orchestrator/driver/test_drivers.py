"""Drivers as real processes: two on one store, killed ones, Ctrl-C on Ray; for a folder and for a bucket."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from results import open_store
from results.sweeps.record import recorded_sweeps
from results.sweeps.run_progress import read_run_progress
from tests.chaos.monkey import below
from tests.orchestrator.drivers import LIMIT, Driver, shell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # each process has a limit of its own


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """A store of each kind."""
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("bucket")


def numbers(place):
    return sorted(open_store(place).read_rows("trials")["number"].to_pylist())


def inline(folder, place, **options):
    return Driver(folder, place, "--executor", "inline", **options)


def is_stopping(driver):
    """Return whether the run has noticed that it is to stop."""
    store = open_store(driver.store)
    (sweep_id,) = recorded_sweeps(store)
    progress = read_run_progress(store, sweep_id)
    return progress is not None and progress.stopping is not None


def test_two_drivers_one_killed_one_stopped_one_finished(tmp_path: Path, place: str) -> None:
    first = inline(tmp_path, place, held_at=1).wait_for(lambda one: one.trials >= 1)
    code, outcome, errors = inline(tmp_path, place).ended()
    assert (code, outcome) == (ExitCode.UNREACHABLE, None)
    assert f"is being run by process {first.process.pid} on" in errors
    first.process.kill()
    first.process.wait()
    ended = first.trials
    second = inline(tmp_path, place, held_at=2).wait_for(lambda one: one.trials > ended)
    with ThreadPoolExecutor(1) as other_shell:
        asked = other_shell.submit(shell, "stop", place, "--wait", folder=tmp_path)
        second.wait_for(is_stopping).let_go()
        code, said = asked.result()
    assert (code, f"process {second.process.pid} on" in said) == (0, True), said
    code, outcome, errors = second.ended()
    assert (code, "resume with: tldmi-sweep --space small.yaml" in errors) == (ExitCode.STOPPED, True)
    code, last, errors = inline(tmp_path, place, seconds=0).ended()
    assert code == ExitCode.DONE, errors
    assert ended + outcome["ran"] + last["ran"] == len(numbers(place))
    assert numbers(place) == list(range(len(numbers(place))))


def test_a_driver_that_was_stopped_for_long_ends_when_it_finds_its_heir(tmp_path: Path, bucket: str) -> None:
    """As one on a laptop that slept, while another machine went on with the sweep."""
    claim = {"FAKE_CLAIM": "0.2 1.5"}
    first = inline(tmp_path, bucket, held_at=1, FAKE_MACHINE="laptop", **claim)
    first.wait_for(lambda one: one.trials >= 1).process.send_signal(signal.SIGSTOP)
    time.sleep(2)  # nobody renews the claim
    heir = inline(tmp_path, bucket, held_at=2, FAKE_MACHINE="box", **claim)
    heir.wait_for(lambda one: one.trials >= 2)
    first.process.send_signal(signal.SIGCONT)
    code, _, errors = first.ended()
    assert (code, "another process may run the sweep now" in errors) == (ExitCode.STOPPED, True), errors
    heir.let_go()
    code, outcome, errors = heir.ended()
    assert (code, outcome["ran"]) == (ExitCode.DONE, len(numbers(bucket)) - 1), errors
    assert numbers(bucket) == list(range(len(numbers(bucket))))


def test_ctrl_c_on_ray_lets_running_trials_end(tmp_path: Path) -> None:
    """Also the processes of Ray hear it, which a terminal sends to the whole group."""
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", held_at=1).wait_for(lambda one: one.trials >= 1)
    driver.interrupt()
    driver.wait_for(is_stopping).let_go()
    code, outcome, errors = driver.ended()
    assert code == ExitCode.STOPPED, errors
    assert "Ctrl-C again cancels them" in errors
    assert outcome["ran"] == len(numbers(place)) <= 3
    assert open_store(place).list_paths("logs/ray/") == []


def test_a_second_ctrl_c_on_ray_ends_the_running_trials(tmp_path: Path) -> None:
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", held_at=1).wait_for(lambda one: one.trials >= 1)
    driver.interrupt()
    driver.wait_for(is_stopping).interrupt()
    code, _, errors = driver.ended()
    assert code == ExitCode.INTERRUPTED, errors
    assert "the same command resumes the sweep" in errors
    assert "Traceback" not in errors
    held = numbers(place)
    driver.let_go()
    code, outcome, errors = Driver(tmp_path, place, "--executor", "inline", seconds=0).ended()
    assert (code, outcome["ran"]) == (ExitCode.DONE, len(numbers(place)) - len(held)), errors


def test_a_store_that_takes_no_rows_ends_a_run_on_ray_as_one_that_does_not_answer(tmp_path: Path) -> None:
    """Tune makes an error of its own of what the driver raises while it is told of a result."""
    (tmp_path / "store").mkdir()
    place = open_store(str(tmp_path / "store"), create=True).uri
    (tmp_path / "store" / "trials").write_text("a file in the place of the folder")
    code, _, errors = Driver(tmp_path, place, "--workers", "2", seconds=0).ended()
    assert (code, "Cannot write to the store" in errors) == (ExitCode.UNREACHABLE, True), errors
    assert "Traceback" not in errors


def test_a_store_that_takes_no_rows_of_a_step_ends_a_run_on_ray_and_is_named(tmp_path: Path) -> None:
    place = str(tmp_path / "store")
    code, _, errors = Driver(tmp_path, place, "--workers", "2", build="STORELESS", seconds=0).ended()
    assert (code, "No space left on device" in errors) == (ExitCode.UNREACHABLE, True), errors
    assert numbers(place) == []


@pytest.mark.parametrize("how", ["cancel", "SIGTERM"])
def test_a_run_on_ray_that_is_cancelled_says_that_it_goes_on(tmp_path: Path, how: str) -> None:
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", seconds=2).wait_for(lambda one: one.trials >= 1)
    if how == "cancel":
        assert shell("cancel", place, "--wait", folder=tmp_path)[0] == 0
    else:
        driver.process.send_signal(signal.SIGTERM)
    code, _, errors = driver.ended()
    assert code == ExitCode.STOPPED, errors
    assert ("asked for a cancel" if how == "cancel" else "asked to end (SIGTERM)") in errors.splitlines()[-1]
    assert "the same command resumes the sweep" in errors


def test_lost_workers_and_coordinators_cost_one_line_of_standard_error(tmp_path: Path) -> None:
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", "--quiet", seconds=1)
    for kind in ("ray::_task", "ray::Coordinator"):
        ended = driver.trials
        driver.wait_for(lambda one, ended=ended: one.trials > ended)
        driver.kill_one(kind)
    code, outcome, errors = driver.ended()
    assert code == ExitCode.DONE, errors
    assert outcome["failed"] == 0
    (line,) = errors.splitlines()
    (path,) = open_store(place).list_paths("logs/ray/")
    assert f"kept in {path}" in line


def test_a_raylet_that_dies_ends_the_run_with_a_reason_and_the_sweep_goes_on(tmp_path: Path) -> None:
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", seconds=1).wait_for(lambda one: one.trials >= 1)
    of_ray = [pid for pid, _ in below(driver.process.pid)]
    died = time.monotonic()
    driver.kill_one("raylet")
    code, outcome, errors = driver.ended()
    assert (code, outcome) == (ExitCode.UNREACHABLE, None), errors
    assert time.monotonic() - died < LIMIT / 2  # Ray alone may never end it; how soon depends on the load
    assert "Ray's raylet on this machine has died" in errors
    while any(map(lives, of_ray)):
        assert time.monotonic() - died < LIMIT, "processes of Ray's are left"
        time.sleep(0.1)
    code, outcome, errors = Driver(tmp_path, place, "--executor", "inline", seconds=0).ended()
    assert (code, outcome["failed"]) == (ExitCode.DONE, 0), errors


def lives(pid):
    """Return whether there is such a process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # gone by now
        return False
