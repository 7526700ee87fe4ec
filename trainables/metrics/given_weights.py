"""Weights from a file that the user names, checked by hash, read as data."""

import io
import pickle
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from search_spaces.image_quality import WeightsUnusable, weights_bytes


def given_weights(path: Path, sha256: str | None, setting: str) -> dict[str, Tensor]:
    """Return the tensors of a ``.safetensors`` file, or of a ``.pth`` that holds tensors alone, on the CPU.

    Raises ``WeightsUnusable``, which names ``setting``.
    """
    data = weights_bytes(path, sha256, setting)
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load(data)
        tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise WeightsUnusable(f"{setting}: {path} does not hold tensors alone ({reason})") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise WeightsUnusable(f"{setting}: {path} holds something else than named tensors")
    return dict(tensors)
