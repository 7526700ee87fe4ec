"""A real sweep that is disturbed at random, again and again, ends with the rows of an undisturbed one.

The undisturbed sweep runs inline into a folder. The disturbed one runs beside it on Ray, into a bucket
behind a proxy, while its driver, workers and raylets are killed and its connections are cut; it is started
again, as a user would, until it is done.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from results import open_store
from results.schema import SCHEMAS, TIMING_COLUMNS
from tests.chaos.monkey import Monkey, Proxy
from tests.fixtures.buckets import bucket_server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SWEEP = ["--space", str(HERE / "many_trials.yaml"), "--data", str(HERE / "few_persons.yaml")]
FEWEST_TRIALS = 40
ROWS = 2 * FEWEST_TRIALS
"""Rows of trials and attacks that the sweep comes to, about: things happen at shares of them."""
LOOK_SECONDS = 0.7  # each look is work for the server that the sweep waits for
EXPECTED_ENDS = {0, 1, 5, -9}
"""Done; ended by Ray, whose raylet is gone; the store does not answer; killed. Anything else is a defect:
3 would mean that a disturbance was taken for a trial's own failure."""
SEEDS = {10: 20, 100: 100}
"""By number of disturbances. The ten start the driver three times anew, which is what takes longest."""
KILLS = [
    pytest.param(10, marks=[pytest.mark.slow, pytest.mark.chaos, pytest.mark.timeout(1800)]),
    pytest.param(100, marks=[pytest.mark.chaos, pytest.mark.timeout(9000)]),
]


def start(store, *options, folder):
    """Start the sweep in a process of its own; what it says goes to a file."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("RAY_AUTH_MODE", None)  # as on a user's machine
    with (folder / "said.log").open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.driver", *SWEEP, "--store", str(store), "--quiet", *options],
            stdout=said, stderr=said, env=environment, cwd=folder,
        )  # fmt: skip


def table(store, name):
    """Return the rows of a table without times and hosts, in an order of their own."""
    columns = [column for column in SCHEMAS[name].names if column in TIMING_COLUMNS]
    rows = store.read_rows(name).drop_columns(columns)
    return sorted(json.dumps(row, sort_keys=True) for row in rows.to_pylist())


def ended(store):
    """Return how many trials and attacks have a row."""
    return len(store.units("trials")) + len(store.units("attacks"))


@pytest.fixture
def sweep_beside(tmp_path):
    """The sweep that nobody disturbs, begun; called, it waits for its end and returns its store."""
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    process = start(folder / "store", "--executor", "inline", folder=folder)

    def undisturbed():
        assert process.wait() == 0, (folder / "said.log").read_text()
        return open_store(str(folder / "store"))

    yield undisturbed
    process.kill()
    process.wait()


@pytest.mark.parametrize("kills", KILLS)
def test_a_disturbed_sweep_ends_with_the_rows_of_an_undisturbed_one(sweep_beside, tmp_path, kills):
    with bucket_server() as url:
        server = urlsplit(url)
        proxy = Proxy(server.hostname, server.port)
        store = open_store(f"s3://sweeps/direct?endpoint={url}", create=True)
        monkey = Monkey(SEEDS[kills], kills, rows=ROWS, proxy=proxy)
        began = time.monotonic()
        ends = disturb(monkey, store, f"s3://sweeps/direct?endpoint=http://127.0.0.1:{proxy.port}", tmp_path)
        proxy.close()
        said = (tmp_path / "said.log").read_text()
        took = time.monotonic() - began
        print(f"{kills} disturbances: {monkey.did}; the driver ended with {ends} after {took:.0f} s")
        assert set(ends) <= EXPECTED_ENDS, said
        assert len(monkey.did) == kills
        undisturbed = sweep_beside()
        for name in SCHEMAS:
            rows = table(store, name)
            assert rows == table(undisturbed, name), name
            assert len(rows) == len(set(rows)), name
        numbers = sorted(store.read_rows("trials")["number"].to_pylist())
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= FEWEST_TRIALS
        assert artifacts(store) == artifacts(undisturbed)


def disturb(monkey, store, uri, folder):
    """Run the sweep under ``monkey``, again and again until it is done; return its exit codes."""
    ends = []
    while not ends or ends[-1] != 0:
        driver = start(uri, "--workers", "2", folder=folder)
        try:
            while driver.poll() is None:
                monkey.maybe(driver, ended(store))
                time.sleep(LOOK_SECONDS)
        finally:
            driver.kill()
        ends.append(driver.wait())
        if ends[-1] not in EXPECTED_ENDS:
            break
    return ends


def artifacts(store):
    return {path: store.get_bytes(path) for path in store.list_paths("artifacts/")}
