"""A step that never fits its node's memory ends as a failure; Ray alone would start it again for ever."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orchestrator.execution.executors import RAY_SETTINGS
from orchestrator.execution.resources import TASK_RETRIES
from results import open_store

MORE = 3 * 2**30
"""Bytes beyond those used now at which Ray ends a worker; it and the driver need a third of it."""
NEEDED = 2 * MORE
DRIVER = """
import sys
from pathlib import Path

from orchestrator.execution.executors import prepare_ray

prepare_ray("local")
from orchestrator.execution.ray.experiment import RaySubmit, RemoteWork
from orchestrator.execution.resources import ResourceRequest
from search_spaces.defenses import Defense
from tests.orchestrator.small_sweeps import small_sweep
from trainables.build import StepOutcome
import ray


def greedy(piece, store):
    import time

    with (Path(store.uri) / "starts").open("a") as starts:
        starts.write("started\\n")
    held = []
    for _ in range(160):  # 10 GiB at most, should Ray not end it
        held.append(b"x" * 2**26)
        time.sleep(0.02)
    return StepOutcome("done")


ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)


@ray.remote(num_cpus=0)
def coordinator(store_uri):
    # as a trial does: from a process that Ray started, which must have inherited the setting
    submit = RaySubmit(RemoteWork(greedy, store_uri, (), {}))
    return submit.report(submit.submit(small_sweep().trial(Defense(), 0).target, ResourceRequest(1, 0)))


print(ray.get(coordinator.remote(sys.argv[1])))
"""


def test_what_lacks_memory_is_started_again_as_often_as_what_lost_its_worker() -> None:
    assert RAY_SETTINGS["RAY_task_oom_retries"] == str(TASK_RETRIES)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Ray watches memory on Linux alone")
def test_a_step_that_never_fits_its_node_fails_after_some_starts(tmp_path: Path) -> None:
    memory = psutil.virtual_memory()
    if memory.available < NEEDED:
        pytest.skip(f"{memory.available / 2**30:.1f} GiB are free here, {NEEDED / 2**30:.0f} are needed")
    limit = 1 - (memory.available - MORE) / memory.total
    environment = os.environ | {
        "RAY_memory_usage_threshold": f"{limit:.3f}",
        "RAY_memory_monitor_refresh_ms": "100",
    }
    environment.pop("RAY_task_oom_retries", None)
    store = open_store(str(tmp_path / "store"), create=True)
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, store.uri],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert "memory" in ended.stdout, ended.stderr
    assert "status='failed'" in ended.stdout
    # fewer where a worker was ended before it came to its step
    assert 1 <= len((tmp_path / "store" / "starts").read_text().splitlines()) <= TASK_RETRIES + 1
