"""How many rows an attack computes side by side, where its settings leave it open."""

import torch

from search_spaces.attacks import BREPMI, Engine

ON_A_CPU, LABELS_ON_A_CPU = 64, 256
ON_A_GPU, LABELS_ON_A_GPU = 512, 2048
"""Smaller batches leave a large GPU waiting for the next kernel, larger ones gain little and take memory."""


def rows_at_once(settings: Engine, device: torch.device) -> int:
    """Return the micro-batch of ``settings`` on ``device``: the one they name, else what the device likes.

    BREPMI only asks for labels, which takes less memory a row.

    >>> from search_spaces.attacks import GMI
    >>> rows_at_once(GMI(), torch.device("cpu")), rows_at_once(GMI(micro_batch=7), torch.device("cpu"))
    (64, 7)
    """
    if settings.micro_batch is not None:
        return settings.micro_batch
    labels_alone = isinstance(settings, BREPMI)
    if device.type == "cpu":
        return LABELS_ON_A_CPU if labels_alone else ON_A_CPU
    return LABELS_ON_A_GPU if labels_alone else ON_A_GPU
