"""Locks are exclusive between processes and vanish with their holder."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode, SweepInUse, exit_code
from orchestrator.locks import (
    FileLock,
    _machine,
    _process,
    lives_here,
    sweep_holder,
    sweep_lock,
)
from results.stores.address import StoreAddress
from results.stores.claims import Claim
from results.stores.s3 import S3Store

pytestmark = pytest.mark.load
address = StoreAddress.parse

HOLDER = """
import sys, time
from orchestrator.locks import sweep_lock
from results.stores.address import StoreAddress
with sweep_lock(StoreAddress.parse(sys.argv[1]), "3f2a"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of sweep 3f2a on ``tmp_path``."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_two_objects_never_hold_one_lock(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path, "piece"), FileLock(tmp_path, "piece")
    assert one.try_acquire()
    assert one.try_acquire(), "whoever holds it may ask again"
    assert not other.try_acquire()
    one.release()
    assert other.try_acquire()
    one.release()  # releasing what one does not hold changes nothing
    assert not one.try_acquire()


def test_locks_of_different_names_do_not_meet(tmp_path: Path) -> None:
    assert FileLock(tmp_path, "one").try_acquire()
    assert FileLock(tmp_path, "other").try_acquire()


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    (tmp_path / "a.lock").symlink_to(tmp_path / "thesis.tex")
    lock = FileLock(tmp_path, "a")
    with pytest.raises(OSError, match=r"a\.lock"):
        lock.try_acquire()
    lock.sign("mine")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_second_driver_is_refused_by_name_of_the_first(tmp_path, holder):
    with pytest.raises(SweepInUse) as error, sweep_lock(address(str(tmp_path)), "3f2a"):
        pass
    assert f"process {holder.pid}" in str(error.value)
    assert os.uname().nodename in str(error.value)
    assert exit_code(error.value) is ExitCode.UNREACHABLE


def test_another_sweep_on_the_same_store_is_free(tmp_path, holder):
    with sweep_lock(address(str(tmp_path)), "9b01"):
        signature = json.loads(FileLock(address(str(tmp_path)).lock_folder, "sweep-9b01").signature())
        assert signature["pid"] == os.getpid()
    assert holder.poll() is None


def test_a_killed_holder_loses_the_lock(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with sweep_lock(address(str(tmp_path)), "3f2a"):
        signature = json.loads(FileLock(address(str(tmp_path)).lock_folder, "sweep-3f2a").signature())
        assert signature["pid"] == os.getpid()


def test_a_damaged_signature_still_refuses(tmp_path, holder):
    (address(str(tmp_path)).lock_folder / "sweep-3f2a.lock").write_text("{")
    with pytest.raises(SweepInUse, match="another process"), sweep_lock(address(str(tmp_path)), "3f2a"):
        pass


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), sweep_lock(address(str(tmp_path)), "3f2a"):
        raise RuntimeError
    with sweep_lock(address(str(tmp_path)), "3f2a"):
        pass


def test_a_local_store_keeps_its_locks_and_another_kind_has_them_elsewhere(tmp_path: Path) -> None:
    assert address(str(tmp_path)).lock_folder.parent == tmp_path
    assert address(f"file://{tmp_path}").lock_folder == address(str(tmp_path)).lock_folder
    bucket = address("s3://bucket/one").lock_folder
    assert bucket != address("s3://bucket/two").lock_folder
    assert "s3" not in str(bucket)


def test_a_sweep_in_a_bucket_has_one_driver_on_any_machine(bucket: str) -> None:
    with sweep_lock(address(bucket), "3f2a"):
        with (
            pytest.raises(SweepInUse, match=f"process {os.getpid()} on"),
            sweep_lock(address(bucket), "3f2a"),
        ):
            pass
        with sweep_lock(address(bucket), "9b01"):
            assert len(open_store_paths(bucket)) == 2
    for sweep in ("3f2a", "9b01"):
        with sweep_lock(address(bucket), sweep):
            pass


def open_store_paths(uri):
    """Return what lies in the bucket."""
    return S3Store(uri).list_paths()


def test_a_driver_that_lost_its_claim_is_stopped(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Claim.__init__, "__defaults__", (0.05, 90.0))
    stopped = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda number, frame: stopped.set())
    try:
        with sweep_lock(address(bucket), "3f2a"):
            deadline = time.monotonic() + 60
            while not stopped.is_set() and time.monotonic() < deadline:
                S3Store(bucket).put_bytes("claims/sweep-3f2a.json", b'{"pid": 1}')
                stopped.wait(0.2)
        assert stopped.is_set()
        assert S3Store(bucket).get_bytes("claims/sweep-3f2a.json") == b'{"pid": 1}'
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_a_holder_is_seen_from_elsewhere_and_looking_takes_nothing(tmp_path, holder):
    assert sweep_holder(address(str(tmp_path)), "3f2a")["pid"] == holder.pid
    assert sweep_holder(address(str(tmp_path)), "9b01") is None
    with sweep_lock(address(str(tmp_path)), "9b01") as right:
        assert sweep_holder(address(str(tmp_path)), "9b01")["run"] == right.run
    assert sweep_holder(address(str(tmp_path)), "9b01") is None


def test_each_run_has_an_identity_of_its_own(tmp_path: Path) -> None:
    runs = set()
    for _ in range(3):
        with sweep_lock(address(str(tmp_path)), "3f2a") as right:
            runs.add(right.run)
    assert len(runs) == 3


def test_a_claim_of_a_process_killed_on_this_machine_is_free_at_once(bucket: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, bucket], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert sweep_holder(address(bucket), "3f2a")["pid"] == process.pid
    refused = pytest.raises(SweepInUse, match=f"process {process.pid} on")
    with refused, sweep_lock(address(bucket), "3f2a"):
        pass
    process.kill()
    process.wait()
    assert sweep_holder(address(bucket), "3f2a") is None
    with sweep_lock(address(bucket), "3f2a"):
        assert sweep_holder(address(bucket), "3f2a")["pid"] == os.getpid()


@pytest.mark.parametrize(
    "change", [{"machine": "another boot"}, {"machine": None}, {"pid": "7"}, {"pid": None}]
)
def test_a_holder_on_another_machine_is_not_judged_from_here(change: dict[str, Any]) -> None:
    gone = {"pid": 2**22 + 1, "machine": _machine(), "process": "1"}
    assert lives_here(gone) is False
    assert lives_here({**gone, **change}) is None


def test_a_process_that_got_the_number_of_a_dead_holder_is_another() -> None:
    mine = {"pid": os.getpid(), "machine": _machine(), "process": _process(os.getpid())}
    assert lives_here(mine) is True
    assert lives_here({**mine, "process": "1"}) is False


def test_a_holder_that_is_stopped_on_this_machine_keeps_its_claim_as_it_keeps_a_lock(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-Z, and the same command again: continued, the first goes on with its sweep."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, bucket], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(Claim.__init__, "__defaults__", (60.0, 0.0))  # every claim is old
        with (
            pytest.raises(SweepInUse, match=f"process {process.pid} on"),
            sweep_lock(address(bucket), "3f2a"),
        ):
            pass
        monkeypatch.setattr("orchestrator.locks._machine", lambda: "another")
        with sweep_lock(address(bucket), "3f2a"):
            pass
    finally:
        process.kill()
        process.wait()
