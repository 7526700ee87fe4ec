"""Temporary folders go with their run, or with the next one; what is the user's stays."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.execution.work_folder import LOCK, PREFIX, work_folder

pytestmark = pytest.mark.load

HOLD = """
import sys, time
from pathlib import Path
from orchestrator.execution.work_folder import work_folder

with work_folder(Path(sys.argv[1])) as folder:
    (folder / "session").mkdir()
    (folder / "session" / "log").write_text("a run's own")
    print(folder, flush=True)
    time.sleep(600)
"""


@contextmanager
def another_run(home: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Give the folder of a run in another process, and the process, which is killed in the end."""
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Path(process.stdout.readline().strip()), process
        finally:
            process.kill()


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder that a killed run left."""
    with another_run(tmp_path) as (folder, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (folder / "session" / "log").exists()
    return folder


def make_old(folder: Path) -> None:
    an_hour_ago = time.time() - 3600
    os.utime(folder, (an_hour_ago, an_hour_ago))


def runs_once(home: Path) -> None:
    with work_folder(home) as folder:
        assert folder.is_dir()


def test_the_folder_goes_with_the_run(tmp_path: Path) -> None:
    with work_folder(tmp_path) as folder:
        (folder / "file").touch()
        (folder / "tune").mkdir()
        (folder / "tune" / "file").touch()
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path, killed: Path) -> None:
    with work_folder(tmp_path):
        assert not killed.exists()


@pytest.mark.parametrize(
    "name",
    [
        "tldmi-sweep-main",
        "tldmi-sweep-",
        "tldmi-sweep-store",
        "tldmi-sweep-prefix-ab12cd34",
        "tldmi-sweep-ab12cd34",
        "tldmi-sweep",
        "tldmi-run-",
        "tldmi-run-monday",
        "tldmi-run-ab12cd34",
        "tldmi-run-ab12cd34-kept",
        "tldmi-download-ab12cd34",
        "tldmi-memory-ab12cd34",
    ],
)
def test_a_folder_of_the_user_stays_whatever_its_name(tmp_path: Path, name: str) -> None:
    own = tmp_path / name
    (own / ".git").mkdir(parents=True)
    (own / "thesis.tex").write_text("years of work")
    make_old(own)
    runs_once(tmp_path)
    assert sorted(path.name for path in own.iterdir()) == [".git", "thesis.tex"], "nor is a lock file added"
    assert (own / "thesis.tex").read_text() == "years of work"


def a_file(place: Path, _: Path) -> None:
    place.write_text("my own lock\n")


def an_empty_file(place: Path, _: Path) -> None:
    place.touch()


def a_folder(place: Path, _: Path) -> None:
    place.mkdir()


def a_pipe(place: Path, _: Path) -> None:
    os.mkfifo(place)


def a_link_to_the_lock_of_a_killed_run(place: Path, killed: Path) -> None:
    place.symlink_to(killed.parent / "aside" / LOCK)


def a_copy_of_the_lock_of_a_killed_run(place: Path, killed: Path) -> None:
    shutil.copy(killed.parent / "aside" / LOCK, place)


def a_second_name_of_the_lock_of_a_killed_run(place: Path, killed: Path) -> None:
    os.link(killed.parent / "aside" / LOCK, place)


@pytest.mark.parametrize(
    "make",
    [
        a_file,
        an_empty_file,
        a_folder,
        a_pipe,
        a_link_to_the_lock_of_a_killed_run,
        a_copy_of_the_lock_of_a_killed_run,
        a_second_name_of_the_lock_of_a_killed_run,
    ],
)
def test_something_called_like_the_lock_is_no_proof(
    tmp_path: Path, killed: Path, make: Callable[[Path, Path], None]
) -> None:
    killed.rename(tmp_path / "aside")
    killed.mkdir()  # the user's, by chance with the very name
    (killed / "thesis.tex").touch()
    make(killed / LOCK, killed)
    make_old(killed)
    runs_once(tmp_path)
    assert (killed / "thesis.tex").exists()
    assert os.path.lexists(killed / LOCK)


def test_a_copy_or_a_renamed_folder_of_a_killed_run_stays(tmp_path: Path, killed: Path) -> None:
    copy, kept = tmp_path / f"{PREFIX}copied01", tmp_path / f"{PREFIX}renamed1"
    shutil.copytree(killed, copy)
    killed.rename(kept)
    runs_once(tmp_path)
    assert (copy / "session" / "log").exists()
    assert (kept / "session" / "log").exists()


def test_links_are_not_followed(tmp_path: Path, killed: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis.tex").touch()
    moved = killed.rename(elsewhere / killed.name)
    killed.symlink_to(moved)  # the same name, the same lock, reached over a link
    runs_once(tmp_path)
    assert killed.is_symlink()
    assert (moved / "session" / "log").exists()
    killed.unlink()
    moved.rename(killed)
    (killed / "link").symlink_to(elsewhere)
    runs_once(tmp_path)
    assert not killed.exists()
    assert (elsewhere / "thesis.tex").exists()


def test_two_runs_never_take_each_others(tmp_path: Path) -> None:
    with another_run(tmp_path) as (first, _), another_run(tmp_path) as (second, _):
        make_old(first)
        make_old(second)
        for _ in range(3):
            runs_once(tmp_path)
        assert (first / "session" / "log").exists()
        assert (second / "session" / "log").exists()
        assert first != second


def test_a_folder_that_is_being_made_stays(tmp_path: Path) -> None:
    """A run that looks in the moment between the lock file and its signature takes nothing."""
    made = tmp_path / f"{PREFIX}ab12cd34"
    made.mkdir()
    (made / LOCK).touch()
    make_old(made)
    runs_once(tmp_path)
    assert (made / LOCK).exists()


def test_what_could_not_be_removed_is_tried_again(
    tmp_path: Path, killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        runs_once(tmp_path)
    assert (killed / "session" / "log").exists()
    runs_once(tmp_path)
    assert not killed.exists()
