"""Tensors in the store as safetensors files that know their own hash; a corrupt one is built again."""

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from results.errors import BytesCorrupt, PathMissing
from results.stores.artifact_cache import sha256_of
from results.stores.store import Store

HASH = "content_sha256"
"""Name of the hash among the metadata of a file."""

_BLANK = "0" * 64
_PIECE_BYTES = 1 << 20

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
    with store.file_to_write(path) as file:
        safetensors.torch.save_file(plain, file, metadata={HASH: _BLANK})
        _fill_in(file, _content_hash(file))
        return sha256_of(file)


def load_tensors(store: Store, path: str, sha256: str | None = None) -> Tensors:
    """Return the tensors at ``path`` on the CPU; with ``sha256``, only if the file has it.

    Raises ``ArtifactCorrupt`` when the file is another one, is not what was written, or is no safetensors
    file, and the store's own error when it is missing.
    """
    try:
        with store.file_to_read(path, sha256) as file:
            return _checked(store, path, file, sha256)
    except BytesCorrupt as error:
        raise ArtifactCorrupt(str(error)) from error


def _checked(store: Store, path: str, file: Path, sha256: str | None) -> Tensors:
    """Return the tensors of a local file that was read from ``path`` of the store."""
    if sha256 is not None and (found := sha256_of(file)) != sha256:
        raise ArtifactCorrupt(
            f"{path} in {store.uri}: its SHA-256 is {found}, the row says {sha256}; "
            "delete the row and the file, then run again"
        )
    try:
        tensors = safetensors.torch.load_file(file)
        noted = _header(file)[0].get("__metadata__", {}).get(HASH)
    except (SafetensorError, ValueError) as error:
        raise ArtifactCorrupt(
            f"{path} in {store.uri} is not a safetensors file ({error}); delete it and run again"
        ) from error
    if sha256 is None and noted not in (None, _content_hash(file)):
        raise ArtifactCorrupt(f"{path} in {store.uri} is not what was written; delete it and run again")
    return tensors


def intact(store: Store, path: str, sha256: str | None = None) -> bool:
    """Return whether ``path`` is there and is what was written.

    Warns with ``ArtifactRebuilt`` when it is corrupt, or missing although a row knows its ``sha256``; whoever
    gets False builds the artifact and writes it over what is there.
    """
    return _intact_tensors(store, path, sha256) is not None


def load_or_build(store: Store, path: str, build: Callable[[], Tensors]) -> Tensors:
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


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """Return the JSON header of a safetensors file, and where its numbers begin."""
    with file.open("rb") as opened:
        end = 8 + int.from_bytes(opened.read(8), "little")
        header: dict[str, Any] = json.loads(opened.read(end - 8))
    return header, end


def _content_hash(file: Path) -> str:
    """Return the SHA-256 of names, types, shapes and numbers, whatever the metadata."""
    header, end = _header(file)
    header.pop("__metadata__", None)
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    with file.open("rb") as opened:
        opened.seek(end)
        while piece := opened.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _fill_in(file: Path, content: str) -> None:
    """Put the hash of the content in the place that was left blank for it."""
    with file.open("r+b") as opened:
        end = 8 + int.from_bytes(opened.read(8), "little")
        at = 8 + opened.read(end - 8).index(_BLANK.encode())
        opened.seek(at)
        opened.write(content.encode())
