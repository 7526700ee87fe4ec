"""Squares and resizing, against pixel arithmetic written out slowly."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainables.datasets.framing import ALIGNED_FACES, CELEBA, LARGEST_SQUARE, SQUEEZED, Framing, framed

RNG = np.random.default_rng(3)


def noise(width: int, height: int) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3)).astype(np.uint8)


def written(folder: Path, pixels: np.ndarray) -> Path:
    path = folder / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


def triangle_weights(before: int, after: int) -> np.ndarray:
    """Return (after, before) weights of an antialiased linear filter: a triangle, widened by shrinking."""
    scale = max(before / after, 1.0)
    centres = (np.arange(after) + 0.5) * before / after
    distances = np.abs(np.arange(before)[None] + 0.5 - centres[:, None]) / scale
    weights = np.clip(1 - distances, 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def reference(square: np.ndarray, resolution: int) -> np.ndarray:
    """Return (3, S, S) floats: rows, then columns."""
    height, width = square.shape[:2]
    rows = np.einsum("sh,hwc->swc", triangle_weights(height, resolution), square.astype(float))
    return np.einsum("tw,swc->cst", triangle_weights(width, resolution), rows)


CROPS = [
    (CELEBA["gmi"], 178, 218, (slice(55, 163), slice(35, 143))),
    (CELEBA["vmi"], 178, 218, (slice(45, 173), slice(25, 153))),
    (CELEBA["ppa"], 178, 218, (slice(55, 163), slice(35, 143))),
    (CELEBA["ppa"], 224, 224, (slice(0, 224), slice(0, 224))),
    (ALIGNED_FACES["gmi"], 128, 128, (slice(20, 108), slice(20, 108))),
    (ALIGNED_FACES["gmi"], 256, 256, (slice(40, 216), slice(40, 216))),
    (ALIGNED_FACES["ppa"], 128, 128, (slice(14, 114), slice(14, 114))),
    (ALIGNED_FACES["whole"], 128, 128, (slice(0, 128), slice(0, 128))),
    (LARGEST_SQUARE, 60, 40, (slice(0, 40), slice(10, 50))),
    (LARGEST_SQUARE, 41, 60, (slice(9, 50), slice(0, 41))),
    (SQUEEZED, 60, 40, (slice(0, 40), slice(0, 60))),
]


@pytest.mark.parametrize("resolution", [32, 64, 112])
@pytest.mark.parametrize(("framing", "width", "height", "part"), CROPS)
def test_pixels_are_those_of_the_slow_reference(
    tmp_path: Path,
    framing: Framing,
    width: int,
    height: int,
    part: tuple[slice, slice],
    resolution: int,
) -> None:
    pixels = noise(width, height)
    found = framed(written(tmp_path, pixels), framing, resolution)
    assert found.shape == (3, resolution, resolution)
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    # Pillow rounds to 8 bits between the two directions.
    assert np.abs(found - reference(pixels[part], resolution)).max() < 1.6


def test_a_picture_of_the_right_size_is_left_as_it_is(tmp_path: Path) -> None:
    pixels = noise(64, 64)
    found = framed(written(tmp_path, pixels), LARGEST_SQUARE, 64)
    assert np.array_equal(found, pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("variant", ["gmi", "vmi", "ppa"])
def test_other_sizes_are_no_aligned_celeba(tmp_path: Path, variant: str) -> None:
    with pytest.raises(ValueError, match="409x687 pixels; aligned CelebA pictures have 178x218"):
        framed(written(tmp_path, noise(409, 687)), CELEBA[variant], 64)


def test_grey_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    Image.new("L", (20, 20), 77).save(tmp_path / "grey.png")
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    assert np.unique(framed(tmp_path / "grey.png", SQUEEZED, 16)).tolist() == [77]
    assert np.unique(framed(tmp_path / "clear.png", SQUEEZED, 16)).tolist() == [255]
