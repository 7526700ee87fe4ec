"""Decoding the PGM files: whole ones, converted ones, and files that are something else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainables.datasets.orl_pgm import HEADER, HEIGHT, WIDTH, decode


def photograph(seed: int, line_feeds: int = 5) -> NDArray[np.uint8]:
    """Return a smooth picture with some pixels of value 10 (LF) and none of value 13 (CR)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = 120 + 60 * np.sin(x / 11 + seed) * np.cos(y / 17)
    picture = smooth.astype(np.uint8)
    picture.flat[rng.choice(picture.size, line_feeds, replace=False)] = ord("\n")
    return picture


def converted(file: bytes) -> bytes:
    """Write CR LF for every LF that no CR precedes, as line-ending conversion does."""
    return file.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_whole_file() -> None:
    picture = photograph(0)
    assert np.array_equal(decode(HEADER + picture.tobytes()), picture)


@given(seed=st.integers(0, 1000), line_feeds=st.integers(0, 40))
def test_conversion_is_undone(seed: int, line_feeds: int) -> None:
    picture = photograph(seed, line_feeds)
    assert np.array_equal(decode(converted(HEADER + picture.tobytes())), picture)


@pytest.mark.parametrize("seed", range(5))
def test_a_pair_that_was_there_before_is_kept(seed: int) -> None:
    picture = photograph(seed, line_feeds=6)
    picture[40 + seed, 30:32] = (13, 10)
    assert np.array_equal(decode(converted(HEADER + picture.tobytes())), picture)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER,
        HEADER + bytes(WIDTH * HEIGHT - 1),
        HEADER + bytes(WIDTH * HEIGHT + 1),
        b"P2" + HEADER[2:] + bytes(WIDTH * HEIGHT),
        HEADER.replace(b"92 112", b"112 92") + bytes(WIDTH * HEIGHT),
        b"P5\r\n92 112\r\n255\r\n" + bytes(7),
    ],
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PGM file of 92x112"):
        decode(data)
