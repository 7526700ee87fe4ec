"""Pieces that are kept as one file of tensors and one row in the table ``pieces``: built once, then read."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from results.errors import PathMissing
from results.stores.store import Store
from search_spaces import Piece, canonical_json
from trainables.build import StepFailed, StepOutcome, build_piece, piece_row, require_row
from trainables.memory import training_memory
from trainables.step import provenance, single_threaded, started
from trainables.storage.artifacts import ArtifactCorrupt, Tensors, intact, load_tensors, save_tensors

Row = dict[str, Any]


def build_tensors(
    piece: Piece,
    store: Store,
    make: Callable[[], Tensors],
    lower: str,
    measured: Callable[[Tensors], Mapping[str, float]] = lambda _: {},
) -> StepOutcome:
    """Keep what ``make`` returns as the file of ``piece``, and write its row, unless the store has both.

    The row notes from which files of needed pieces it was made; when one of them is another by now (T was
    trained again, to other bits), or when the file is corrupt, it is made again. ``measured`` gives
    the numbers for its row. Tensors that are not finite and ``StepFailed`` become a failed row with their
    reason. Raises ``OutOfMemory``, which says to lower ``lower``, and ``StepFailed`` for a piece that needs
    a failed one.
    """
    sources = sources_of(piece, store)
    row = piece_row(piece, store)
    if row is not None and _is_current(row, sources, store):
        return _outcome(row, found=True)
    single_threaded(piece.cpu_threads)
    start = started()
    row = _described(piece, sources)
    try:
        with training_memory(piece.name, lower):
            tensors = make()
        _require_finite(tensors)
        row |= {
            "status": "done",
            "reason": None,
            "measured": canonical_json(dict(measured(tensors))),
            "artifact": piece.artifact_path,
            "artifact_sha256": save_tensors(store, piece.artifact_path, tensors),
        }
    except StepFailed as failure:
        row |= {"status": "failed", "reason": str(failure)}
    store.write_rows(piece.table, piece.piece_id, [{**row, **provenance(start)}])
    return _outcome(row, found=False)


def load_built(piece: Piece, store: Store) -> Tensors:
    """Return the tensors of ``piece``; what the store lacks, or has corrupt or outdated, is built first.

    Raises ``StepFailed`` when it, or a piece that it needs, fails.
    """
    row = piece_row(piece, store)
    if row is None or not _is_made_of(row, sources_of(piece, store)):
        return _built(piece, store)
    if row["status"] == "failed":
        raise StepFailed(f"{piece.name}: {row['reason']}")
    try:
        return load_tensors(store, row["artifact"], row["artifact_sha256"])
    except (ArtifactCorrupt, PathMissing):
        return _built(piece, store)


def sources_of(piece: Piece, store: Store) -> dict[str, str]:
    """Return the SHA-256 of the file of each piece that ``piece`` needs, by identity; builds those missing.

    Raises ``StepFailed`` when one of them failed.
    """
    rows = {needed.piece_id: require_row(needed, store) for needed in piece.needs if needed.folder}
    return {piece_id: row["artifact_sha256"] for piece_id, row in rows.items()}


def _built(piece: Piece, store: Store) -> Tensors:
    outcome = build_piece(piece, store)
    if outcome.status == "failed":
        raise StepFailed(f"{piece.name}: {outcome.reason}")
    row = require_row(piece, store)
    return load_tensors(store, row["artifact"], row["artifact_sha256"])


def _is_current(row: Row, sources: Mapping[str, str], store: Store) -> bool:
    if not _is_made_of(row, sources):
        return False
    if row["status"] == "failed":
        return True
    path = row["artifact"]  # `gc` may have removed the file
    return store.exists(path) and intact(store, path, row["artifact_sha256"])


def _is_made_of(row: Row, sources: Mapping[str, str]) -> bool:
    made_of: dict[str, str] = json.loads(row["made_of"])
    return made_of == sources


def _described(piece: Piece, sources: Mapping[str, str]) -> Row:
    target = piece.source_target
    return {
        "piece_id": piece.piece_id,
        "kind": piece.kind,
        "name": piece.name,
        "target_id": None if target is None else target.piece_id,
        "settings": piece.similar.get("settings"),
        "config": canonical_json(piece),
        "made_of": canonical_json(dict(sources)),
    }


def _require_finite(tensors: Tensors) -> None:
    broken = sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())
    if broken:
        raise StepFailed(f"the training diverged: {broken[0]} is not finite; lower its learning rate")


def _outcome(row: Row, found: bool) -> StepOutcome:
    if row["status"] == "failed":
        return StepOutcome("failed", row["reason"], {"piece_id": row["piece_id"]})
    values = {"piece_id": row["piece_id"], "artifact": row["artifact"], **json.loads(row["measured"])}
    return StepOutcome("found" if found else "done", None, values)
