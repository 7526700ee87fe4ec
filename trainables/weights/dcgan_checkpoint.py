"""Reads the packaged checkpoint of the DCGAN generator of rendered faces, as data."""

import io
import pickle

import torch
from torch import Tensor

KEY = "netG_state_dict"
"""The one entry of the checkpoint."""


class CheckpointFormatError(ValueError):
    """The bytes are not a checkpoint of tensors with the expected entry."""


def generator_tensors(data: bytes) -> dict[str, Tensor]:
    """Return the state of the DCGAN generator in a checkpoint, on the CPU.

    Only tensors and plain containers are read (``weights_only``), so no code in the file can run.
    Raises ``CheckpointFormatError``.
    """
    try:
        checkpoint = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise CheckpointFormatError(f"no checkpoint of tensors alone: {error}") from error
    if not isinstance(checkpoint, dict) or KEY not in checkpoint:
        entries = sorted(checkpoint) if isinstance(checkpoint, dict) else type(checkpoint).__name__
        raise CheckpointFormatError(f"no entry {KEY!r} in the checkpoint; it holds {entries}")
    state = checkpoint[KEY]
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointFormatError(f"entries of {KEY!r} that are no tensors: {', '.join(strange)}")
    return dict(state)
