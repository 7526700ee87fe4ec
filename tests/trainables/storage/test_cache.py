"""The cache: built once by concurrent processes, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainables.storage.cache import CacheNotWritable, cache_folder, cached

pytestmark = pytest.mark.load

BUILDER = """
import os, sys, time
from pathlib import Path
from trainables.storage.cache import cached

def build():
    with open(sys.argv[1], "a") as log:
        log.write(f"{os.getpid()}\\n")
    time.sleep(float(sys.argv[2]))
    return str(os.getpid()).encode() * 100_000

sys.stdout.write(cached("derived.bin", build)[:20].decode())
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def builder(log: Path, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", BUILDER, str(log), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_built_once() -> None:
    assert cached("a.bin", lambda: b"first") == b"first"
    assert cached("a.bin", lambda: b"second") == b"first"
    assert cached("b.bin", lambda: b"second") == b"second"


def test_of_concurrent_processes_one_builds(tmp_path: Path) -> None:
    processes = [builder(tmp_path / "log", 0.3) for _ in range(5)]
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 5
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert len(set(outputs)) == 1


def test_a_killed_builder_leaves_nothing_and_holds_nobody_up(tmp_path: Path, cache: Path) -> None:
    process = builder(tmp_path / "log", 60)
    while not (tmp_path / "log").exists():
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (cache / "derived" / "derived.bin").exists()
    assert cached("derived.bin", lambda: b"mine") == b"mine"


def test_a_failing_build_leaves_nothing(cache: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        cached("a.bin", fail)
    assert [path.name for path in (cache / "derived").iterdir() if not path.name.endswith(".lock")] == []
    assert cached("a.bin", lambda: b"now") == b"now"


def test_a_failing_write_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheNotWritable, match="No space left on device") as error:
        cached("a.bin", lambda: b"data")
    assert "TLDMI_SWEEP_CACHE" in str(error.value)
    assert [path.name for path in (cache / "derived").iterdir() if not path.name.endswith(".lock")] == []


def test_a_cache_that_cannot_be_written_is_named_before_building(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "file"))
    built: list[int] = []
    with pytest.raises(CacheNotWritable, match=str(tmp_path / "file")):
        cached("a.bin", lambda: bytes(built.append(1) or b"x"))
    assert built == []


def test_an_error_of_the_build_is_not_taken_for_one_of_the_cache() -> None:
    def fail() -> bytes:
        raise FileNotFoundError("source")

    with pytest.raises(FileNotFoundError, match="source"):
        cached("a.bin", fail)


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "/etc/passwd"])
def test_names_that_are_no_file_names(name: str) -> None:
    with pytest.raises(ValueError, match="derived file"):
        cached(name, lambda: b"")


def test_others_may_read_the_file(cache: Path) -> None:
    cached("a.bin", lambda: b"data")
    assert (cache / "derived" / "a.bin").stat().st_mode & 0o444 == 0o444


def test_place_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("TLDMI_SWEEP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/tldmi-sweep")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/tldmi-sweep")


def test_a_file_appears_whole(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All bytes are aside and flushed before the name exists."""
    steps: list[tuple[str, bytes, bool]] = []
    flush, rename = os.fsync, Path.replace

    def replace(aside: Path, path: Path) -> Path:
        steps.append(("rename", aside.read_bytes(), path.exists()))
        return rename(aside, path)

    def fsync(descriptor: int) -> None:
        steps.append(("flush", b"", False))
        flush(descriptor)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(os, "fsync", fsync)
    cached("a.bin", lambda: b"data" * 1000)
    assert steps == [("flush", b"", False), ("rename", b"data" * 1000, False)]
