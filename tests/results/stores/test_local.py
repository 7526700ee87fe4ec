"""The local store: the contract, and what only a folder can do wrong."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from results.errors import InvalidPath, StoreNotWritable, StoreSchemaMismatch, StoreUnreachable
from results.stores.marker import MARKER
from results.stores.opening import open_store
from tests.contracts.store_contract import StoreContract


class TestLocalStore(StoreContract):
    @pytest.fixture
    def uri(self, tmp_path: Path) -> str:
        return str(tmp_path / "deep" / "runs")


def test_a_file_uri_names_the_same_store_as_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "my runs"
    open_store(folder.as_uri(), create=True).put_bytes("a", b"1")
    assert open_store(str(folder)).get_bytes("a") == b"1"
    assert open_store(folder.as_uri()).uri == str(folder)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that an ordinary user cannot write to, reachable for one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("uri", ["gs://bucket/runs", "http://host/x", "file://host/x", "", "file://"])
def test_unsupported_uris_are_refused(uri: str) -> None:
    with pytest.raises(InvalidPath, match="folder"):
        open_store(uri)


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store("runs", create=True).uri == str(tmp_path / "runs")


def test_a_read_only_folder_is_refused_before_work_starts(read_only: Path) -> None:
    """In a child process without root's rights, since root may write anywhere."""
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            open_store(str(read_only), create=True)
        except StoreNotWritable as error:
            os._exit(7 if "Permission denied" in str(error) and "--store" in str(error) else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list(read_only.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(StoreNotWritable):
        open_store(str(tmp_path / "runs"), create=True)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "t", [{"target_id": "old", "epoch": 0}])

    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreNotWritable, match=os.strerror(number)):
        store.check_writable()
    with pytest.raises(StoreNotWritable, match=os.strerror(number)):
        store.write_rows("curves", "t", [{"target_id": "new", "epoch": 0}])
    monkeypatch.undo()
    assert store.read_rows("curves")["target_id"].to_pylist() == ["old"]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [MARKER, "t.parquet"]


def test_a_file_system_that_becomes_read_only_is_named_though_nothing_can_be_removed_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path), create=True)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StoreNotWritable, match=os.strerror(errno.EROFS)):
        store.put_bytes("sheets/a.png", b"a")


def test_tables_without_a_marker_are_refused(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "t", [])
    (tmp_path / MARKER).unlink()
    with pytest.raises(StoreSchemaMismatch, match="version is unknown"):
        open_store(str(tmp_path), create=True)


def test_foreign_and_hidden_files_in_the_folder_are_passed_over(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "t", [{"target_id": "t", "epoch": 0}])
    (tmp_path / "curves" / ".half.part").write_bytes(b"PAR1")
    (tmp_path / "curves" / "my notes.txt").write_text("notes")
    (tmp_path / ".locks").mkdir()
    (tmp_path / ".locks" / "sweep.lock").touch()
    assert store.list_paths() == ["curves/t.parquet", MARKER]
    assert store.unreadable_parts("curves") == ()


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(str(tmp_path), create=True)
    store.write_rows("curves", "t", [])

    def refused(path: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(StoreUnreachable, match="Permission denied"):
        store.read_rows("curves")


def test_a_folder_that_cannot_be_looked_into_is_said_and_not_taken_for_none(read_only: Path) -> None:
    (read_only / "in").mkdir()
    read_only.chmod(0)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            open_store(str(read_only / "in"))
        except StoreUnreachable as error:
            os._exit(7 if "Permission denied" in str(error) and "--store" in str(error) else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    read_only.chmod(0o755)
    (read_only / "in").rmdir()


def test_a_name_that_is_too_long_for_the_disk_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable, match="File name too long"):
        open_store(str(tmp_path / ("a" * 300)))


def test_every_write_is_synced_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(str(tmp_path), create=True)
    events: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append("sync"), sync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda *paths: (events.append("rename"), replace(*paths))[1])
    store.put_bytes("a/b", b"data")
    assert events == ["sync", "rename", "sync"]
