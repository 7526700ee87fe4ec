"""The cache of bucket files: asked once, bounded, shared, and never a wrong or half file."""

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from results.errors import InvalidSetting
from results.stores.artifact_cache import ArtifactCache

pytestmark = pytest.mark.load


class Source:
    """Bytes that can be fetched, and a count of how often they were."""

    def __init__(self, data: bytes) -> None:
        self.data, self.fetched = data, 0
        self.lock = threading.Lock()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def __call__(self, place: Path) -> None:
        with self.lock:
            self.fetched += 1
        time.sleep(0.01)
        place.write_bytes(self.data)


def read(cache: ArtifactCache, source: Source) -> bytes:
    with cache.file(source.sha256, source) as file:
        return file.read_bytes()


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_second_reading_fetches_nothing(tmp_path: Path) -> None:
    source = Source(b"weights" * 100)
    for _ in range(3):
        assert read(ArtifactCache(tmp_path / "cache", 1000), source) == source.data
    assert source.fetched == 1
    assert kept(tmp_path / "cache") == [source.sha256]
    assert [path for path in (tmp_path / "cache").iterdir() if path.suffix == ".link"] == []


def test_those_read_longest_ago_make_room(tmp_path: Path) -> None:
    cache, sources = ArtifactCache(tmp_path, 250), [Source(bytes([number]) * 100) for number in range(3)]
    for number in (0, 1):
        read(cache, sources[number])
        os.utime(tmp_path / sources[number].sha256, (number, number))
    read(cache, sources[0])
    read(cache, sources[2])
    assert kept(tmp_path) == sorted([sources[0].sha256, sources[2].sha256])


def test_what_is_larger_than_the_cache_is_read_and_not_kept(tmp_path: Path) -> None:
    cache, source = ArtifactCache(tmp_path, 50), Source(bytes(100))
    assert read(cache, source) == source.data
    assert kept(tmp_path) == []


@pytest.mark.parametrize("harm", [b"", b"other bytes", b"weight"])
def test_a_damaged_file_is_fetched_again(tmp_path: Path, harm: bytes) -> None:
    cache, source = ArtifactCache(tmp_path, 1000), Source(b"weights")
    read(cache, source)
    (tmp_path / source.sha256).write_bytes(harm)
    assert read(cache, source) == b"weights"
    assert source.fetched == 2


def test_bytes_with_another_hash_are_given_to_the_reader_and_not_kept(tmp_path: Path) -> None:
    cache, source = ArtifactCache(tmp_path, 1000), Source(b"not what the row says")
    with cache.file("ab" * 32, source) as file:
        assert file.read_bytes() == source.data
    assert kept(tmp_path) == []


@pytest.mark.parametrize("size", [0, 1000])
def test_without_a_hash_or_a_size_nothing_is_kept(tmp_path: Path, size: int) -> None:
    cache, source = ArtifactCache(tmp_path / "cache", size), Source(b"1")
    with cache.file(source.sha256 if size == 0 else None, source) as file:
        assert file.read_bytes() == b"1"
    assert not file.exists()
    assert not (tmp_path / "cache").exists() or kept(tmp_path / "cache") == []


def test_a_fetch_that_fails_leaves_nothing_and_is_told(tmp_path: Path) -> None:
    def broken(place: Path) -> None:
        place.write_bytes(b"half")
        raise ValueError("cut off")

    cache = ArtifactCache(tmp_path, 1000)
    with pytest.raises(ValueError, match="cut off"), cache.file("ab" * 32, broken):
        pass
    assert kept(tmp_path) == []
    assert [path for path in tmp_path.iterdir() if path.suffix == ".link"] == []


def test_many_at_once_fetch_once_and_read_right_while_others_make_room(tmp_path: Path) -> None:
    cache, sources = ArtifactCache(tmp_path, 350), [Source(bytes([number]) * 100) for number in range(6)]
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: read(cache, sources[0]), range(12))) == {sources[0].data}
        assert sources[0].fetched == 1
        found = list(pool.map(lambda number: read(cache, sources[number % 6]), range(120)))
    assert found == [sources[number % 6].data for number in range(120)]
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if len(path.name) == 64) <= 350


def test_an_open_file_outlives_its_place(tmp_path: Path) -> None:
    cache, source = ArtifactCache(tmp_path, 100), Source(b"a" * 100)
    with cache.file(source.sha256, source) as file:
        opened = file.open("rb")
        read(cache, Source(b"b" * 100))
        assert source.sha256 not in kept(tmp_path)
        assert file.read_bytes() == source.data
    with opened:
        assert opened.read() == source.data


def test_links_of_killed_readers_go(tmp_path: Path) -> None:
    read(ArtifactCache(tmp_path, 1000), Source(b"1"))
    old, young = tmp_path / f".{'a' * 32}.link", tmp_path / f".{'b' * 32}.link"
    for link in (old, young):
        link.write_bytes(b"half")
    os.utime(old, (1, 1))
    read(ArtifactCache(tmp_path, 1000), Source(b"2"))
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("name", ["thesis.tex", "a" * 64, f".{'a' * 32}.link", "desktop.link", ".aa.lock"])
def test_a_folder_that_the_user_has_filled_is_left_alone(tmp_path: Path, name: str) -> None:
    own, source = tmp_path / name, Source(b"b" * 90)
    own.write_bytes(b"a" * 90)
    os.utime(own, (1, 1))
    for _ in range(2):
        assert read(ArtifactCache(tmp_path, 100), source) == source.data
    assert own.read_bytes() == b"a" * 90
    assert list(tmp_path.iterdir()) == [own]


@pytest.mark.parametrize("name", ["thesis.tex", "desktop.link", ".hidden", "A" * 64])
def test_what_the_user_puts_into_the_cache_stays(tmp_path: Path, name: str) -> None:
    cache = ArtifactCache(tmp_path, 100)
    read(cache, Source(b"b" * 90))
    (tmp_path / name).write_bytes(b"a" * 90)
    os.utime(tmp_path / name, (1, 1))
    read(cache, Source(b"c" * 90))
    assert (tmp_path / name).exists()
    assert kept(tmp_path) == sorted({Source(b"c" * 90).sha256, name} - {".hidden"})


def test_a_folder_that_cannot_be_made_costs_only_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    source = Source(b"1")
    assert read(ArtifactCache(tmp_path / "file" / "cache", 1000), source) == b"1"


def test_the_environment_says_where_and_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path))
    monkeypatch.setenv("TLDMI_SWEEP_ARTIFACT_CACHE_GB", "1e-7")
    sources = [Source(bytes([number]) * 60) for number in range(2)]
    for source in sources:
        read(ArtifactCache.of_this_machine(), source)
    assert kept(tmp_path / "artifacts") == [sources[1].sha256]


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
def test_a_size_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLDMI_SWEEP_ARTIFACT_CACHE_GB", text)
    with pytest.raises(InvalidSetting, match="TLDMI_SWEEP_ARTIFACT_CACHE_GB"):
        ArtifactCache.of_this_machine()
