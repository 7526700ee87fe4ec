"""Decoding the user's pictures: formats, shapes, transparency, bit depth, orientation."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainables.datasets.image_decoding import UNREADABLE, decode


def halves(width: int = 96, height: int = 48) -> Image.Image:
    """Return a picture whose left half is red and right half blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG", "a.webp", "a.bmp"])
def test_colour_formats(tmp_path: Path, name: str) -> None:
    halves().save(tmp_path / name)
    square = decode(tmp_path / name, 3, 32)
    assert square.shape == (3, 32, 32)
    assert square.dtype == np.uint8
    assert square[0, :, :14].min() > 200
    assert square[2, :, 18:].min() > 200


def test_grey_pgm(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 30), 77, np.uint8)).save(tmp_path / "a.pgm")
    assert np.array_equal(decode(tmp_path / "a.pgm", 1, 16), np.full((1, 16, 16), 77))
    assert np.array_equal(decode(tmp_path / "a.pgm", 3, 16), np.full((3, 16, 16), 77))


def test_grey_of_a_colour_picture_is_its_luminance(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (200, 100, 50)).save(tmp_path / "a.png")
    grey = decode(tmp_path / "a.png", 1, 16)
    assert abs(int(grey[0, 0, 0]) - (0.299 * 200 + 0.587 * 100 + 0.114 * 50)) <= 1


def test_the_centre_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 3, 16)[:, :, 2:14].min() > 240


def test_shrinking_is_antialiased(tmp_path: Path) -> None:
    """A fine chessboard becomes grey; picking single pixels would keep it black and white."""
    board = ((np.indices((128, 128)).sum(0) % 2) * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    grey = decode(tmp_path / "a.png", 1, 16).astype(int)
    assert np.abs(grey - 127).max() < 12


def test_small_pictures_are_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (5, 4), (9, 8, 7)).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 3, 32).shape == (3, 32, 32)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 3, 16).min() == 255


def test_palette(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), (255, 0, 0)).convert("P").save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 3, 16)[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("ending", ["png", "pgm"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, ending: str) -> None:
    path, pixels = tmp_path / f"a.{ending}", np.full((16, 16), 257 * 100, np.uint16)
    if ending == "png":
        Image.fromarray(pixels).save(path)
    else:
        path.write_bytes(b"P5\n16 16\n65535\n" + pixels.astype(">u2").tobytes())
    assert set(decode(path, 1, 16).flat) == {100}


def test_orientation_of_the_camera_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    halves(64, 64).save(tmp_path / "a.png", exif=exif)
    assert decode(tmp_path / "a.png", 3, 32)[2, :, :14].min() > 200


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5])
def test_truncated_files_are_unreadable(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UNREADABLE):
        decode(tmp_path / name, 3, 32)


def test_text_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(UNREADABLE):
        decode(tmp_path / "a.png", 3, 32)
