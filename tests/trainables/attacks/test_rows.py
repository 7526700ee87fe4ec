"""Rows, their start latents, and their micro-batch."""

import pytest
import torch
from torch import nn

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI, GMI, KEDMI, AttackSettings
from trainables.attacks.rows import attack_rows, start_latents
from trainables.generators import GANPrior

PRIOR = GANPrior(nn.Identity(), None, 100)


@pytest.mark.parametrize("classes", [[], [1, 2, 1]])
def test_no_class_or_a_repeated_one_is_refused(classes: list[int]) -> None:
    with pytest.raises(ValueError, match="each once"):
        attack_rows(classes, 2)


def test_a_latent_is_drawn_from_its_own_named_stream() -> None:
    latents = start_latents(attack_rows([3, 9], 2), 4, PRIOR, "z")
    for row, (wanted, restart) in enumerate([(3, 0), (3, 1), (9, 0), (9, 1)]):
        random = torch.Generator().manual_seed(seed_stream(4, "latents", wanted, restart))
        assert torch.equal(latents[row], torch.randn(100, generator=random))


def test_latents_are_standard_normal() -> None:
    latents = start_latents(attack_rows(range(50), 4), 0, PRIOR, "z")
    assert latents.mean().abs() < 0.03
    assert (latents.var() - 1).abs() < 0.03
    assert latents.abs().max() > 1.5  # not clipped
    assert len(latents.unique(dim=0)) == 200


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
    assert settings.micro_batch_size(torch.device(device).type) == rows
