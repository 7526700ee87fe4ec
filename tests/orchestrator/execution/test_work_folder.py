"""Temporary folders go with their run, or with the next one."""

import os
import time

from orchestrator.execution.work_folder import PREFIX, work_folder
from orchestrator.locks import FileLock


def aged(folder):
    an_hour_ago = time.time() - 3600
    os.utime(folder, (an_hour_ago, an_hour_ago))


def test_the_folder_goes_with_the_run(tmp_path):
    with work_folder(tmp_path) as folder:
        (folder / "file").touch()
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_folders_of_killed_runs_are_removed(tmp_path):
    abandoned = tmp_path / f"{PREFIX}abandoned"
    abandoned.mkdir()
    aged(abandoned)
    with work_folder(tmp_path):
        assert not abandoned.exists()


def test_folders_of_running_ones_and_strangers_stay(tmp_path):
    running, young, stranger = (tmp_path / name for name in (f"{PREFIX}running", f"{PREFIX}young", "other"))
    for folder in (running, young, stranger):
        folder.mkdir()
    lock = FileLock(running, "run")
    assert lock.try_acquire()
    aged(running)
    aged(stranger)
    with work_folder(tmp_path):
        assert running.exists()
        assert young.exists()
        assert stranger.exists()
