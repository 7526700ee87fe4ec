"""The micro-batch of an attack: what its settings name, else what the device is fast with."""

import pytest
import torch

from search_spaces.attacks import BREPMI, GMI, KEDMI, AttackSettings
from trainables.attacks.rows_at_once import rows_at_once


@pytest.mark.parametrize(
    ("settings", "device", "rows"),
    [
        (GMI(), "cpu", 64),
        (GMI(), "cuda", 512),
        (KEDMI(), "cuda:1", 512),
        (BREPMI(), "cpu", 256),
        (BREPMI(), "cuda", 2048),
        (GMI(micro_batch=64), "cuda", 64),
        (BREPMI(micro_batch=3), "cpu", 3),
    ],
)
def test_what_is_left_open_depends_on_the_device(settings: AttackSettings, device: str, rows: int) -> None:
    assert rows_at_once(settings, torch.device(device)) == rows
