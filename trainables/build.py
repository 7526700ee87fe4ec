"""How a piece is built: which function does it, and how it answers. Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from results.stores.store import Store
from search_spaces import Piece
from trainables.implementations import implementation_of, implements

Value = float | int | str | None
P = TypeVar("P", bound=Piece)


@dataclass(frozen=True)
class StepOutcome:
    """How a step ended.

    Built now (``done``), already in the store (``found``), or ``failed`` with its reason. ``values`` are the
    plain columns of the row, without times and hosts. A failed row that is already in the store is ``failed``
    again, never ``found``.
    """

    status: Literal["done", "failed", "found"]
    reason: str | None = None
    """Why it failed; a warning where it has not."""
    values: dict[str, Value] = field(default_factory=dict)


class StepFailed(RuntimeError):
    """A step ended for a reason of its own (NaN loss, collapse).

    It is recorded as a failed row, not raised on.
    """


Builder = Callable[[P, Store], StepOutcome]
"""Builds a piece and writes it to the store; does nothing when the store has it."""


def builds(piece: type[P]) -> Callable[[Builder[P]], Builder[P]]:
    """Register the decorated function as the one that builds pieces of this class.

    It stands in the module that ``piece.home`` names. It must be idempotent: a second call answers ``found``.
    """
    return implements(piece)


def build_piece(piece: Piece, store: Store) -> StepOutcome:
    """Build ``piece`` unless the store has it; the module that does it is imported on first use.

    What the piece needs is built first, where the store lacks it. Raises the store's errors, and what the
    builder raises for data or settings that cannot be used.
    """
    build: Builder[Any] = implementation_of(type(piece))
    return build(piece, store)


def piece_row(piece: Piece, store: Store) -> dict[str, Any] | None:
    """Return the row of ``piece`` in its table, or ``None``."""
    if not store.has_rows(piece.table, piece.piece_id):
        return None
    row: dict[str, Any] = store.read_rows(piece.table, piece.piece_id).to_pylist()[0]
    return row


def require_row(piece: Piece, store: Store) -> dict[str, Any]:
    """Return the row of ``piece``, which is built first where the store has none.

    Raises ``StepFailed`` when it failed.
    """
    row = piece_row(piece, store)
    if row is None:
        build_piece(piece, store)
        row = piece_row(piece, store)
    if row is None:
        raise LookupError(f"building {piece.name} ({piece.piece_id}) wrote no row to {piece.table}")
    if row["status"] == "failed":
        raise StepFailed(f"{piece.name}: {row['reason']}")
    return row
