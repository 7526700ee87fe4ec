"""Weights from a file that the user names, checked by hash, read as data."""

import io
import pickle

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from search_spaces.files import FileUnusable, PinnedFile


def given_weights(file: PinnedFile, setting: str) -> dict[str, Tensor]:
    """Return the tensors of a ``.safetensors`` file, or of a ``.pth`` that holds tensors alone, on the CPU.

    Raises ``FileUnusable``, which names ``setting``.
    """
    try:
        data = file.read_bytes()
    except FileUnusable as error:
        raise FileUnusable(f"{setting}: {error}") from error
    try:
        if file.path.suffix == ".safetensors":
            return safetensors.torch.load(data)
        tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise FileUnusable(f"{setting}: {file.path} does not hold tensors alone ({reason})") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise FileUnusable(f"{setting}: {file.path} does not hold named tensors")
    return dict(tensors)
