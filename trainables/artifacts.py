"""Tensors in the store as safetensors files that know their own hash; a corrupt one is built again."""

import hashlib
import json
import warnings
from collections.abc import Callable
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from results.errors import PathMissing
from results.store import Store

HASH = "content_sha256"
"""Name of the hash among the metadata of a file."""

Tensors = dict[str, Tensor]


class ArtifactCorrupt(ValueError):
    """An artifact of the store is not what was written."""


class ArtifactRebuilt(UserWarning):
    """An artifact of the store was corrupt and has been built again."""


def save_tensors(store: Store, path: str, tensors: Tensors) -> str:
    """Write ``tensors`` to ``path`` of the store in one atomic step and return the SHA-256 of the file.

    The file holds the hash of its names, shapes and numbers, which ``load_tensors`` checks. Equal tensors
    give equal bytes whatever the order of their names.
    """
    plain = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    content = _content_hash(safetensors.torch.save(plain))
    data = safetensors.torch.save(plain, metadata={HASH: content})
    store.put_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def load_tensors(store: Store, path: str, sha256: str | None = None) -> Tensors:
    """Return the tensors at ``path`` on the CPU; with ``sha256``, only if the file has it.

    Raises ``ArtifactCorrupt`` when the file is another one, is not what was written, or is no safetensors
    file, and the store's own error when it is missing.
    """
    data = store.get_bytes(path)
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise ArtifactCorrupt(
            f"{path} in {store.uri}: its SHA-256 is {found}, the row says {sha256}; "
            "delete the row and the file, then run again"
        )
    try:
        tensors = safetensors.torch.load(data)
    except SafetensorError as error:
        raise ArtifactCorrupt(
            f"{path} in {store.uri} is no safetensors file ({error}); delete it and run again"
        ) from error
    if _header(data)[0].get("__metadata__", {}).get(HASH) not in (None, _content_hash(data)):
        raise ArtifactCorrupt(f"{path} in {store.uri} is not what was written; delete it and run again")
    return tensors


def intact(store: Store, path: str, sha256: str | None = None) -> bool:
    """Return whether ``path`` is there and is what was written.

    Warns with ``ArtifactRebuilt`` when it is corrupt, or missing although a row knows its ``sha256``; whoever
    gets False builds the artifact and writes it over what is there.
    """
    return _intact_tensors(store, path, sha256) is not None


def kept_tensors(store: Store, path: str, build: Callable[[], Tensors]) -> Tensors:
    """Return the tensors at ``path``; what is missing or corrupt is built and written first.

    Warns with ``ArtifactRebuilt`` when it was corrupt.
    """
    found = _intact_tensors(store, path)
    if found is not None:
        return found
    save_tensors(store, path, build())
    return load_tensors(store, path)


def _intact_tensors(store: Store, path: str, sha256: str | None = None) -> Tensors | None:
    if sha256 is None and not store.exists(path):
        return None
    try:
        return load_tensors(store, path, sha256)
    except (ArtifactCorrupt, PathMissing) as corrupt:
        problem = str(corrupt).split(";")[0].rstrip(".")
        warnings.warn(f"{problem}; it is built again now", ArtifactRebuilt, stacklevel=3)
        return None


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """Return the JSON header of a safetensors file, and where its numbers begin."""
    end = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8:end])
    return header, end


def _content_hash(data: bytes) -> str:
    """Return the SHA-256 of names, types, shapes and numbers, whatever the metadata."""
    header, end = _header(data)
    header.pop("__metadata__", None)
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(memoryview(data)[end:])
    return digest.hexdigest()
