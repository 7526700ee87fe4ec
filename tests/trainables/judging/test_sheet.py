"""The contact sheet keeps every pixel where its documentation says."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trainables.judging.sheet import NOT_FOUND_GREY, contact_sheet, sheet_layout


def _pixels(sheet: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet)))


@pytest.mark.parametrize("channels", [1, 3])
def test_cells_hold_the_exact_pixels(channels: int) -> None:
    images = torch.randint(0, 256, (6, channels, 5, 5), generator=torch.Generator().manual_seed(0)).to(
        torch.uint8
    )
    found = torch.tensor([True, True, True, True, False, True])
    sheet = contact_sheet(images, found, sheet_layout(6, restarts=2, most=6))
    pixels = _pixels(sheet).reshape(15, 10, channels)
    for number in range(6):
        top, left = number // 2 * 5, number % 2 * 5
        cell = pixels[top : top + 5, left : left + 5].transpose(2, 0, 1)
        expected = images[number].numpy() if found[number] else np.full((channels, 5, 5), NOT_FOUND_GREY)
        assert (cell == expected).all()


def test_bytes_repeat() -> None:
    images, found = torch.full((2, 3, 8, 8), 7, dtype=torch.uint8), torch.ones(2, dtype=torch.bool)
    layout = sheet_layout(2, 1, 2)
    assert contact_sheet(images, found, layout) == contact_sheet(images.clone(), found, layout)


def test_a_ragged_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        sheet_layout(3, restarts=2, most=10)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 60))
def test_a_sheet_keeps_as_many_restarts_of_each_class_as_the_bound_allows(
    classes: int, restarts: int, most: int
) -> None:
    layout = sheet_layout(classes * restarts, restarts, most)
    shown = [row for row in range(classes * restarts) if layout.cell(row)]
    assert len(shown) == layout.lines * layout.columns <= most
    assert layout.lines == min(classes, most)
    full = layout.columns == restarts
    assert full or classes * (layout.columns + 1) > most
    assert len({layout.cell(row) for row in shown}) == len(shown)


def test_pictures_beyond_the_bound_are_left_out_and_the_others_stay_in_place() -> None:
    images = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1).expand(12, 1, 4, 4) * 10
    layout = sheet_layout(12, restarts=4, most=7)
    pixels = _pixels(contact_sheet(images, torch.ones(12, dtype=torch.bool), layout))
    assert pixels.shape == (3 * 4, 2 * 4)
    for row in range(12):
        cell = layout.cell(row)
        assert (cell is None) == (row % 4 >= 2)
        if cell is not None:
            assert (pixels[cell[0] * 4 : cell[0] * 4 + 4, cell[1] * 4 : cell[1] * 4 + 4] == 10 * row).all()
