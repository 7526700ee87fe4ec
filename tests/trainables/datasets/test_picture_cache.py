"""The cache of decoded pictures: whole or not at all, built once, rebuilt when damaged or out of date."""

import hashlib
import json
import multiprocessing
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.downloads import Painter
from trainables.datasets import picture_cache
from trainables.datasets.framing import LARGEST_SQUARE, SQUEEZED, framed
from trainables.datasets.picture_cache import cached_pictures
from trainables.datasets.sets.folders import pictures_in
from trainables.datasets.sets.pictures import InvalidDownload, Part
from trainables.storage.cache import CACHE_VARIABLE, CacheNotWritable

COUNT, SIDE = 9, 16


def part_of(folder: Path, framing=LARGEST_SQUARE) -> Part:
    files = pictures_in(folder, folder)
    return Part(folder, framing, files, [0] * len(files))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    painter = Painter()
    for number in range(COUNT):
        painter.paint(f"{number}", tmp_path / "set" / f"{number}.jpg", (24, 20))
    return tmp_path / "set"


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files decoded so far."""
    names: list[str] = []
    entry = picture_cache._entry

    def counted(root, framing, resolution, file):
        names.append(file.path)
        return entry(root, framing, resolution, file)

    monkeypatch.setattr(picture_cache, "_entry", counted)
    return names


def test_pixels_and_hash_are_those_of_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_cache, "BATCH", 4)
    part = part_of(folder)
    cached = cached_pictures(part, SIDE)
    expected = np.stack([framed(folder / file.path, LARGEST_SQUARE, SIDE) for file in part.files])
    assert np.array_equal(cached.pixels(), expected)
    assert cached.sha256 == hashlib.sha256(expected.tobytes()).hexdigest()
    digests = [
        hashlib.blake2b((folder / file.path).read_bytes(), digest_size=16).digest() for file in part.files
    ]
    assert cached.digests() == digests


def test_each_file_is_decoded_once(folder: Path, decodings: list[str]) -> None:
    first = cached_pictures(part_of(folder), SIDE)
    again = cached_pictures(part_of(folder), SIDE)
    assert sorted(decodings) == [f"{number}.jpg" for number in range(COUNT)]
    assert again == first


def test_size_framing_and_files_make_another_cache(folder: Path, cache: Path) -> None:
    part = part_of(folder)
    made = {
        cached_pictures(part, SIDE).folder,
        cached_pictures(part, 32).folder,
        cached_pictures(part_of(folder, SQUEEZED), SIDE).folder,
        cached_pictures(Part(folder, LARGEST_SQUARE, part.files[1:], part.labels[1:]), SIDE).folder,
        cached_pictures(Part(folder, LARGEST_SQUARE, part.files[::-1], part.labels), SIDE).folder,
    }
    assert len(made) == 5
    assert {path.parent for path in made} == {cache}
    assert {entry for entry in cache.iterdir() if entry.is_dir()} == made


@pytest.mark.parametrize("ending", ["jpg", "bmp"])
def test_a_changed_file_is_decoded_again(folder: Path, ending: str) -> None:
    """A JPEG changes its size with its pixels, an uncompressed picture its time alone."""
    changed = folder / f"3a.{ending}"
    Painter().paint("one", changed, (24, 20))
    before = cached_pictures(part_of(folder), SIDE)
    size = changed.stat().st_size
    Painter(seed=1).paint("other", changed, (24, 20))
    if ending == "bmp":
        assert changed.stat().st_size == size
    os.utime(changed, ns=(0, 1))
    after = cached_pictures(part_of(folder), SIDE)
    assert after.sha256 != before.sha256
    assert np.array_equal(after.pixels()[4], framed(changed, LARGEST_SQUARE, SIDE))


def truncate(folder: Path) -> None:
    os.truncate(folder / "pixels.u8", 100)


def zero_some(folder: Path) -> None:
    with (folder / "pixels.u8").open("r+b") as file:
        file.write(bytes(3 * SIDE * SIDE))


def forget(folder: Path) -> None:
    (folder / "about.json").unlink()


def garble(folder: Path) -> None:
    (folder / "about.json").write_text("{")


def rename_fields(folder: Path) -> None:
    (folder / "about.json").write_text(json.dumps({"count": COUNT}))


def lose_digests(folder: Path) -> None:
    (folder / "digests.bin").write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [truncate, zero_some, forget, garble, rename_fields, lose_digests, shutil.rmtree]
)
def test_a_damaged_cache_is_built_anew(folder: Path, decodings: list[str], damage) -> None:
    before = cached_pictures(part_of(folder), SIDE)
    pixels = np.array(before.pixels())
    damage(before.folder)
    after = cached_pictures(part_of(folder), SIDE)
    assert len(decodings) == 2 * COUNT
    assert after == before
    assert np.array_equal(after.pixels(), pixels)


def test_what_is_written_to_the_pixels_stays_in_memory(folder: Path) -> None:
    cached = cached_pictures(part_of(folder), SIDE)
    stored = (cached.folder / "pixels.u8").read_bytes()
    cached.pixels()[:] = 0
    assert (cached.folder / "pixels.u8").read_bytes() == stored


def test_corrupt_pictures_are_named_and_nothing_is_kept(folder: Path, cache: Path) -> None:
    (folder / "2.jpg").write_bytes((folder / "2.jpg").read_bytes()[:200])
    (folder / "5.jpg").write_text("no picture")
    with pytest.raises(InvalidDownload, match=r"2\.jpg \(.*\), 5\.jpg \(.*\); unpack them again"):
        cached_pictures(part_of(folder), SIDE)
    assert not [entry for entry in cache.iterdir() if entry.is_dir()]
    for name in ("2.jpg", "5.jpg"):
        (folder / name).unlink()
    assert len(cached_pictures(part_of(folder), SIDE).pixels()) == COUNT - 2


def test_decoding_stops_after_many_corrupt_pictures(
    folder: Path, decodings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_cache, "BATCH", 2)
    monkeypatch.setattr(picture_cache, "BROKEN_SHOWN", 3)
    for path in folder.iterdir():
        path.write_text("no picture")
    with pytest.raises(InvalidDownload, match="decoding stopped there"):
        cached_pictures(part_of(folder), SIDE)
    assert len(decodings) == 4


def test_a_full_disk_is_told_before_decoding(
    folder: Path, decodings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(CacheNotWritable, match=CACHE_VARIABLE):
        cached_pictures(part_of(folder), SIDE)
    assert decodings == []


def test_a_cache_that_cannot_be_written_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(CacheNotWritable, match="cannot take the decoded pictures"):
        cached_pictures(part_of(folder), SIDE)


def build_in_process(folder: Path, start, queue) -> None:
    start.wait()
    decoded: list[str] = []
    entry = picture_cache._entry
    picture_cache._entry = lambda *given: decoded.append("") or entry(*given)
    queue.put((cached_pictures(part_of(folder), SIDE).sha256, len(decoded)))


@pytest.mark.load
def test_of_processes_that_ask_at_once_one_builds(folder: Path, cache: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, queue = context.Event(), context.Queue()
    processes = [context.Process(target=build_in_process, args=(folder, start, queue)) for _ in range(4)]
    for process in processes:
        process.start()
    start.set()
    answers = [queue.get(timeout=200) for _ in processes]
    for process in processes:
        process.join()
    assert len({sha256 for sha256, _ in answers}) == 1
    assert sorted(count for _, count in answers) == [0, 0, 0, COUNT]
    assert len([entry for entry in cache.iterdir() if entry.is_dir()]) == 1


def test_pictures_stream_through_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building and mapping take the memory of a few pictures, however many there are."""
    monkeypatch.setattr(picture_cache, "BATCH", 4)
    painter, side = Painter(), 128
    for number in range(48):
        painter.paint(f"{number}", tmp_path / "set" / f"{number:02d}.jpg", (32, 32))
    part = part_of(tmp_path / "set")
    cached_pictures(Part(part.root, part.framing, part.files[:1], [0]), side)
    tracemalloc.start()
    pixels = cached_pictures(part, side).pixels()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    picture = 3 * side * side
    assert pixels.nbytes == 48 * picture
    assert peak < 20 * picture
