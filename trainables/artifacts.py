"""Tensors in the store as safetensors files, checked against their SHA-256 when they are read."""

import hashlib

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from results.store import Store


class ArtifactCorrupt(ValueError):
    """An artifact of the store is not what was written."""


def save_tensors(store: Store, path: str, tensors: dict[str, Tensor]) -> str:
    """Write ``tensors`` to ``path`` of the store in one atomic step and return the SHA-256 of the file.

    Equal tensors give equal bytes whatever the order of their names.
    """
    plain = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    data = safetensors.torch.save(plain)
    store.put_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def load_tensors(store: Store, path: str, sha256: str | None = None) -> dict[str, Tensor]:
    """Return the tensors at ``path`` on the CPU; with ``sha256``, only if the file has it.

    Raises ``ArtifactCorrupt`` when the file is another one or no safetensors file, and the store's own
    error when it is missing.
    """
    data = store.get_bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise ArtifactCorrupt(
            f"{path} in {store.uri}: its SHA-256 is {found}, the row says {sha256}; "
            "delete the row and the file, then run again"
        )
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise ArtifactCorrupt(
            f"{path} in {store.uri} is no safetensors file ({error}); delete it and run again"
        ) from error
