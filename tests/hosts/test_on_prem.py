"""Three hosts of one's own: ``ray up``, a sweep, a host lost in its middle, ``ray down``.

The hosts are network namespaces (see ``namespaces``), the file is docs/cluster/on-prem.yaml, filled in, and
everything is done from a fourth host over SSH, as from a desk.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.hosts.namespaces import Host, Laboratory, laboratory
from tests.hosts.small_sweep import (
    INSTALL,
    LIMIT,
    ON_HOSTS,
    ROOT,
    TRIALS,
    ended,
    hosts,
    options,
    outcome,
    start_inline,
    tables,
    wait_until,
)

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(900)]

WORKERS = 2
CLUSTER = ("tldmi-sweep", "cluster")


@dataclass
class Story:
    """What happened, for the tests to look at."""

    nodes_at_start: str
    driver_exit: int
    driver_output: str
    killed: str
    trials_at_kill: int
    hosts_of_targets: list[str]
    hosts_of_attacks: list[str]
    expected: dict[str, list[str]]
    found: dict[str, list[str]]
    left_running: dict[str, str]


def filled_in(lab: Laboratory, head: Host, workers: list[Host]) -> str:
    """Return the shipped file with its CHANGE lines filled in, each host lending one CPU."""
    config = yaml.safe_load((ROOT / "docs" / "cluster" / "on-prem.yaml").read_text())
    config["provider"] |= {"head_ip": head.address, "worker_ips": [one.address for one in workers]}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": str(lab.key)}
    config["min_workers"] = config["max_workers"] = len(workers)
    config["file_mounts"][ON_HOSTS] = str(ROOT)
    config["setup_commands"][0] = INSTALL
    for commands in ("head_start_ray_commands", "worker_start_ray_commands"):
        config[commands] = [line.replace("ray start", "ray start --num-cpus=1") for line in config[commands]]
    return yaml.safe_dump(config)


def busy(worker: Host) -> bool:
    """Return whether a step of the sweep runs on the host now."""
    return "ray::_task" in worker.run("ps", "ax", "-o", "args")


def kill_a_busy_worker(driver, workers: list[Host], store: str) -> Host:
    """Kill a worker in the middle of a step, when a trial has ended and others have not."""

    def victim():
        assert driver.poll() is None, "the sweep ended before a host could be killed"
        return next((one for one in workers if busy(one)), None) if ended(store) else None

    found = wait_until("a busy worker", victim, limit=LIMIT, pause=0.2)
    found.kill()
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Run the whole of it once."""
    inline = tmp_path_factory.mktemp("inline") / "store"
    with laboratory() as lab:
        desk, head = lab.add("desk", 2), lab.add("head", 4)
        workers = [lab.add(f"worker{number}", 5 + number) for number in range(WORKERS)]
        (desk.home / "on-prem.yaml").write_text(filled_in(lab, head, workers))
        twin = start_inline(inline)
        try:
            return _story(lab, desk, head, workers, twin, inline)
        finally:
            twin.kill()


def _story(lab, desk, head, workers, twin, inline) -> Story:
    store = str(lab.folder / "store")
    desk.run(*CLUSTER, "up", "--yes", "on-prem.yaml")
    started = wait_until("all nodes", lambda: _all_nodes(desk), pause=3)
    log = lab.folder / "driver.log"
    driver = desk.start(*CLUSTER, "submit", "on-prem.yaml", *options(store), output=log)
    killed = kill_a_busy_worker(driver, workers, store)
    trials_at_kill = ended(store)
    exit_code = driver.wait(timeout=LIMIT)
    _, errors = twin.communicate(timeout=LIMIT)
    assert twin.returncode == 0, errors
    desk.run(*CLUSTER, "down", "--yes", "on-prem.yaml", check=False)  # the killed host cannot be told
    left = {host.name: _ray_processes(host) for host in (head, *workers) if host.is_up}
    return Story(
        started, exit_code, log.read_text(errors="replace"), killed.name, trials_at_kill,
        hosts(store, "targets"), hosts(store, "attacks"), tables(str(inline)), tables(store), left,
    )  # fmt: skip


def _all_nodes(desk: Host) -> str | None:
    answer = desk.run(*CLUSTER, "status", "on-prem.yaml")
    return answer if f"/{WORKERS + 1}.0 CPU" in answer else None


def _ray_processes(host: Host) -> str:
    """Return what is left of Ray a little after it was told to stop."""

    def lines():
        listed = host.run("ps", "ax", "-o", "args").splitlines()
        return "\n".join(line for line in listed if "ray/core" in line or line.startswith("ray::"))

    deadline = time.monotonic() + 90
    while lines() and time.monotonic() < deadline:
        time.sleep(1)
    return lines()


def test_ray_up_makes_one_cluster_of_all_hosts(story):
    assert f"{WORKERS + 1} local.cluster.node" in story.nodes_at_start


def test_the_sweep_ends_complete_though_a_host_was_lost_in_its_middle(story):
    assert story.driver_exit == 0, story.driver_output[-3000:]
    said = outcome(story.driver_output)
    assert (said["done"], said["failed"]) == (TRIALS, 0)
    assert 0 < story.trials_at_kill < TRIALS


def test_hosts_other_than_the_head_did_work(story):
    assert set(story.hosts_of_targets + story.hosts_of_attacks) - {"head"}


def test_tables_equal_those_of_an_undisturbed_run_on_one_machine(story):
    assert story.found == story.expected
    filled = {name for name, rows in story.expected.items() if rows}
    assert filled == {"targets", "attacks", "reconstructions", "curves", "generators", "pieces", "trials"}


def test_ray_down_leaves_no_ray_process_on_any_host(story):
    assert set(story.left_running.values()) == {""}


def test_nothing_of_the_hosts_is_left(story):
    assert not list(Path("/var/tmp").glob(f"tldmi{os.getpid():x}-*"))
    assert not [name for name in os.listdir("/sys/class/net") if f"tldmi{os.getpid():x}" in name]
