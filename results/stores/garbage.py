"""What lies in a store and no row refers to: found by its path, counted by kind, removed when asked."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from results.schema import SCHEMAS
from results.stores.byte_store import StoredFile
from results.stores.store import Store

KINDS = {
    "checkpoints": "checkpoints of ended work",
    "sheets": "sheets of reconstructions",
    "real_pictures": "evaluators' views of real pictures",
    "image_features": "features of real pictures",
}
"""Folder under ``artifacts`` that is no piece's -> what it holds, in words."""

_OWN_NAME = re.compile(r"(generator-)?[0-9a-f]{16}(-[^/]*)?\.(safetensors|png)")
"""Names of files that the program writes there: each begins with an identity. Others are somebody's own."""

HALF_WRITTEN = "half-written files"


@dataclass(frozen=True)
class Needs:
    """What is kept: identities that rows name, and those that sweeps of the store still need."""

    folders: Collection[str]
    """Folders under ``artifacts`` with the files of pieces. What lies in unknown folders is never removed."""
    weights: Collection[str]
    """Targets whose weights, and pieces that are made of them, are kept."""
    rows: Collection[str]
    """Units that have rows, and generators with a sheet."""
    shared: Collection[str] | None
    """Pieces that targets share; ``None``: not known, all are kept."""
    features: bool
    """Some row compares features of real pictures."""
    checkpoints: bool
    """Some sweep is unfinished: work without a row may go on from its checkpoint."""


class Garbage(NamedTuple):
    """Something that nothing needs; ``leftover`` for what no reader sees."""

    kind: str
    path: str
    size: int
    leftover: bool = False


class Total(NamedTuple):
    """Files of one kind, and their bytes."""

    files: int
    bytes: int


def find_garbage(store: Store, needs: Needs, youngest: float) -> list[Garbage]:
    """Return what nothing needs and was written more than ``youngest`` seconds ago, by kind and path.

    A file with a name that the program does not give is never among it.
    """
    folders = {*KINDS, *needs.folders}
    garbage = [
        Garbage(_kind(folder), file.path, file.size)
        for file in store.stored("artifacts/")
        if (folder := _folder(file)) in folders
        and file.age > youngest
        and not _is_needed(file, folder, needs)
    ]
    halves = [
        Garbage(HALF_WRITTEN, file.path, file.size, leftover=True)
        for file in store.leftovers()
        if file.age > youngest and _is_own(file, folders)
    ]
    return sorted(garbage) + halves


def remove_garbage(store: Store, garbage: Iterable[Garbage]) -> None:
    """Remove ``garbage``; what is gone already is no error. Raises `StoreNotWritable`."""

    def _remove(file: Garbage) -> None:
        (store.delete_leftover if file.leftover else store.delete)(file.path)

    with ThreadPoolExecutor(store.readers) as pool:
        list(pool.map(_remove, garbage))


def totals(garbage: Iterable[Garbage]) -> dict[str, Total]:
    """Return count and bytes of each kind, in the order in which kinds first occur.

    >>> totals([Garbage("priors", "artifacts/priors/a.safetensors", 5)])
    {'priors': Total(files=1, bytes=5)}
    """
    by_kind: dict[str, Total] = {}
    for file in garbage:
        files, size = by_kind.get(file.kind, Total(0, 0))
        by_kind[file.kind] = Total(files + 1, size + file.size)
    return by_kind


def _folder(file: StoredFile) -> str:
    parts = file.path.split("/")
    return parts[1] if len(parts) == 3 and _OWN_NAME.fullmatch(parts[2].partition("?")[0]) else ""


def _is_own(leftover: StoredFile, folders: Collection[str]) -> bool:
    """Return whether it is ours: a store may fill a whole bucket, where others upload beside it.

    A hidden file's name tells that a write of ours gave it; an upload's tells only where it will be.
    """
    path, upload, _ = leftover.path.partition("?")
    return not upload or path.split("/")[0] in SCHEMAS or _folder(leftover) in folders


def _kind(folder: str) -> str:
    return KINDS.get(folder, folder.replace("_", " "))


def _is_needed(file: StoredFile, folder: str, needs: Needs) -> bool:
    name = file.path.rpartition("/")[2].rpartition(".")[0]
    return _RULES.get(folder, _is_needed_piece)(name, needs)


def _is_needed_piece(name: str, needs: Needs) -> bool:
    """Return whether a piece is needed; the name of one that is made of a T begins with T's identity."""
    target, dash, _ = name.partition("-")
    return target in needs.weights if dash else name in needs.weights or _is_shared(name, needs)


def _is_shared(name: str, needs: Needs) -> bool:
    return needs.shared is None or name in needs.shared


def _is_going_on(name: str, needs: Needs) -> bool:
    return needs.checkpoints and name not in needs.rows and name.rpartition("-")[0] not in needs.rows


_RULES: Mapping[str, Callable[[str, Needs], bool]] = {
    "targets": lambda name, needs: name in needs.weights,
    "checkpoints": _is_going_on,
    "sheets": lambda name, needs: name.removeprefix("generator-") in needs.rows,
    "real_pictures": _is_shared,
    "image_features": lambda name, needs: needs.features,
}
