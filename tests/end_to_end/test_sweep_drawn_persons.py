"""A real sweep through the real command on drawn persons: killed in the middle, resumed, and compared.

The undisturbed sweep runs inline into a bucket, the killed one on Ray into a folder, and goes on with another
number of workers, so that both executors and both kinds of store must agree as well. The bucket is one of a
server on loopback.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from results import open_store
from results.schema import SCHEMAS, TIMING_COLUMNS
from tests.fixtures.buckets import bucket_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COMMAND = [sys.executable, "-m", "orchestrator"]
OPTIONS = ["--space", str(HERE / "tiny_space.yaml"), "--data", str(HERE / "tiny_persons.yaml"), "--json"]
LIMIT = 240
"""Seconds after which a command counts as hanging."""
pytestmark = pytest.mark.timeout(900)  # the first test waits for three sweeps


def start(store, *options, folder=None):
    """Start a sweep in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("RAY_AUTH_MODE", None)  # as on a user's machine
    return subprocess.Popen(
        [*COMMAND, *OPTIONS, "--store", str(store), *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=folder or store.parent,
    )  # fmt: skip


def finish(process):
    """Wait for a sweep; return what it says of itself and what it wrote to standard error."""
    output, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors
    return json.loads(output), errors


def table(store, name):
    """Return the rows of a table without times and hosts, in an order of their own."""
    rows = (
        open_store(str(store))
        .read_rows(name)
        .drop_columns([column for column in SCHEMAS[name].names if column in TIMING_COLUMNS])
    )
    return sorted(json.dumps(row, sort_keys=True) for row in rows.to_pylist())


def units(store):
    """Return how many trials and attacks have ended."""
    folders = [Path(store) / name for name in ("trials", "attacks")]
    return tuple(len(list(folder.glob("*.parquet"))) for folder in folders)


def kill_in_the_middle(store):
    """Start a sweep on Ray and kill the driver when a trial has ended and another is under attack."""
    process = start(store, "--workers", "2")
    deadline = time.monotonic() + LIMIT
    while not (units(store)[0] >= 1 and units(store)[1] >= 3):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the sweep makes no progress"
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=LIMIT)
    for pipe in (process.stdout, process.stderr):
        pipe.close()  # Ray's processes hold their ends until they notice
    return units(store)


@pytest.fixture(scope="module")
def bucket():
    """The URI of an empty bucket."""
    with bucket_server() as url:
        yield f"s3://sweeps/deep/undisturbed?endpoint={url}"


@pytest.fixture(scope="module")
def stores(tmp_path_factory, bucket):
    """An undisturbed sweep, and one that was killed and resumed."""
    folder = tmp_path_factory.mktemp("sweeps")
    undisturbed, disturbed = bucket, folder / "disturbed"
    beside = start(undisturbed, "--executor", "inline", folder=folder)
    at_kill = kill_in_the_middle(disturbed)
    whole, _ = finish(beside)
    resumed, _ = finish(start(disturbed, "--workers", "1"))
    return {
        "undisturbed": undisturbed,
        "folder": folder,
        "disturbed": disturbed,
        "whole": whole,
        "at_kill": at_kill,
        "resumed": resumed,
    }


def test_the_sweep_was_killed_in_its_middle_and_only_the_rest_was_run(stores):
    trials_at_kill, _ = stores["at_kill"]
    assert 0 < trials_at_kill < stores["whole"]["done"]
    assert stores["resumed"]["ran"] <= stores["whole"]["done"] - trials_at_kill
    assert (stores["resumed"]["done"], stores["resumed"]["failed"]) == (stores["whole"]["done"], 0)


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_equal_those_of_the_undisturbed_sweep(stores, name):
    expected = table(stores["undisturbed"], name)
    assert bool(expected) == (name != "analyses")  # the space asks for none
    assert table(stores["disturbed"], name) == expected


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_row_is_there_twice(stores, name):
    rows = table(stores["disturbed"], name)
    assert len(rows) == len(set(rows))


def test_every_number_of_a_trial_is_there_once(stores):
    numbers = open_store(str(stores["disturbed"])).read_rows("trials")["number"].to_pylist()
    assert sorted(numbers) == list(range(stores["whole"]["done"]))


def test_artifacts_are_the_same_bytes(stores):
    def artifacts(uri):
        store = open_store(str(uri))
        return {path: store.get_bytes(path) for path in store.list_paths("artifacts/")}

    assert artifacts(stores["disturbed"]) == artifacts(stores["undisturbed"])


def test_a_sweep_in_a_bucket_is_looked_at_by_the_same_commands(stores):
    options = {"capture_output": True, "text": True, "cwd": stores["folder"], "timeout": LIMIT}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    status = subprocess.run([*COMMAND, "status", stores["undisturbed"], "--json"], env=environment, **options)
    assert status.returncode == 0, status.stderr
    assert sum(json.loads(status.stdout)["done"].values()) == stores["whole"]["done"]
    page = [*COMMAND, "report", stores["undisturbed"], "-o", "bucket.html"]
    report = subprocess.run(page, env=environment, **options)
    assert report.returncode == 0, report.stderr
    assert "tiny" in (stores["folder"] / "bucket.html").read_text()


def test_a_second_run_does_nothing_and_says_so(stores):
    store = stores["disturbed"]
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    again, errors = finish(start(store))
    after = {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}
    assert again["ran"] == 0
    assert {path for path in before if before[path] != after.get(path)} <= {
        path for path in before if ".locks" in path.parts
    }
    assert "6 of them in the store" in errors


@pytest.mark.parametrize("name", ["report.html", "front.png", "front.csv", "front.parquet"])
def test_report_and_front_are_in_the_store(stores, name):
    assert (stores["disturbed"] / name).stat().st_size > 100
    beside = stores["folder"] / "runs" / "sweeps-deep-undisturbed" / name
    assert beside.stat().st_size > 100
    copies = open_store(stores["undisturbed"]).list_paths("reports/")
    assert f"reports/{stores['whole']['sweep_id']}/{name}" in copies
