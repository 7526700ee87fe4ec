"""The contact sheet keeps every pixel where its documentation says."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from trainables.sheet import NOT_FOUND_GREY, contact_sheet


def _pixels(sheet: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet)))


@pytest.mark.parametrize("channels", [1, 3])
def test_cells_hold_the_exact_pixels(channels: int) -> None:
    images = torch.randint(0, 256, (6, channels, 5, 5), generator=torch.Generator().manual_seed(0)).to(
        torch.uint8
    )
    found = torch.tensor([True, True, True, True, False, True])
    pixels = _pixels(contact_sheet(images, found, columns=2)).reshape(15, 10, channels)
    for number in range(6):
        top, left = number // 2 * 5, number % 2 * 5
        cell = pixels[top : top + 5, left : left + 5].transpose(2, 0, 1)
        expected = images[number].numpy() if found[number] else np.full((channels, 5, 5), NOT_FOUND_GREY)
        assert (cell == expected).all()


def test_bytes_repeat() -> None:
    images, found = torch.full((2, 3, 8, 8), 7, dtype=torch.uint8), torch.ones(2, dtype=torch.bool)
    assert contact_sheet(images, found, 1) == contact_sheet(images.clone(), found, 1)


def test_a_ragged_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        contact_sheet(torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.ones(3, dtype=torch.bool), 2)
