"""Drivers as real processes: two on one store, killed ones, Ctrl-C on Ray; for a folder and for a bucket."""

import signal

import pytest

from orchestrator.errors import ExitCode
from results import open_store
from tests.orchestrator.drivers import Driver, shell

pytestmark = pytest.mark.slow


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path):
    """A store of each kind."""
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("bucket")


def numbers(place):
    return sorted(open_store(place).read_rows("trials")["number"].to_pylist())


def inline(folder, place, **options):
    return Driver(folder, place, "--executor", "inline", **options)


def test_two_drivers_one_killed_one_stopped_one_finished(tmp_path, place):
    first = inline(tmp_path, place, seconds=5).wait_for(lambda one: one.trials >= 1)
    code, outcome, errors = inline(tmp_path, place).ended()
    assert (code, outcome) == (ExitCode.UNREACHABLE, None)
    assert f"is being run by process {first.process.pid} on" in errors
    first.process.kill()
    first.process.wait()
    ended = first.trials
    second = inline(tmp_path, place, seconds=5).wait_for(lambda one: one.trials > ended)
    code, said = shell("stop", place, "--wait", folder=tmp_path)
    assert (code, f"process {second.process.pid} on" in said) == (0, True), said
    code, outcome, errors = second.ended()
    assert (code, "go on with: tldmi-sweep --space small.yaml" in errors) == (ExitCode.STOPPED, True)
    code, last, errors = inline(tmp_path, place, seconds=0).ended()
    assert code == ExitCode.DONE, errors
    assert ended + outcome["ran"] + last["ran"] == len(numbers(place))
    assert numbers(place) == list(range(len(numbers(place))))


def test_ctrl_c_on_ray_lets_running_trials_end(tmp_path):
    place = str(tmp_path / "store")
    driver = Driver(tmp_path, place, "--workers", "2", seconds=1).wait_for(lambda one: one.trials >= 1)
    driver.process.send_signal(signal.SIGINT)
    code, outcome, errors = driver.ended()
    assert code == ExitCode.STOPPED, errors
    assert "Ctrl-C again cancels them" in errors
    assert outcome["ran"] == len(numbers(place)) < 8


@pytest.mark.parametrize("how", ["cancel", "SIGTERM"])
def test_a_run_on_ray_that_is_cancelled_says_that_it_goes_on(tmp_path, how):
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


def test_lost_workers_and_coordinators_cost_one_line_of_standard_error(tmp_path):
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
