"""Starts of label-only attacks against a replay of the draws, one latent after the other."""

import torch
from torch import Tensor

from search_spaces import seed_stream
from search_spaces.attacks import BREPMI
from trainables.attacks.label_starts import find_starts
from trainables.attacks.rows import attack_rows

SETTINGS = BREPMI(initial_batch=4, initial_draws=10, restarts=2, clip=0.5, seed=3)
Z_DIM = 2


def sign(latents: Tensor) -> Tensor:
    """Return label 1 for a positive first coordinate, else 0; no latent has another label."""
    return (latents[:, 0] > 0).long()


def drawn(settings: BREPMI, batches: list[int]) -> Tensor:
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "initial"))
    return torch.cat([torch.randn(size, Z_DIM, generator=random) for size in batches]).clamp(-0.5, 0.5)


def test_the_start_of_a_row_is_the_latent_of_its_number_with_its_label() -> None:
    rows = attack_rows([1, 5, 0], 2)
    starts = find_starts(SETTINGS, sign, rows, Z_DIM)
    latents = drawn(SETTINGS, [4, 4, 2])
    for row, (label, restart) in enumerate(rows.pairs()):
        hits = latents[sign(latents) == label]
        assert bool(starts.found[row]) == (len(hits) > restart)
        assert torch.equal(starts.latents[row], hits[restart] if starts.found[row] else torch.zeros(Z_DIM))
    assert starts.found.tolist() == [True, True, False, False, True, True]
    assert starts.queries == 10, "class 5 was looked for until the draws were spent"


def test_no_latent_is_drawn_that_no_row_needs() -> None:
    starts = find_starts(SETTINGS, sign, attack_rows([0, 1], 1), Z_DIM)
    needed = next(
        size for size in (4, 8, 10) if len(set(sign(drawn(SETTINGS, [4, 4, 2])[:size]).tolist())) == 2
    )
    assert starts.queries == needed < 10
    assert starts.found.all()
