"""Which measures of likeness mean something: those of enough pictures, by a fit judge."""

from collections.abc import Iterable, Mapping
from typing import Any

LEAST_ACCURACY = 0.9
"""Below this accuracy on real pictures, what an evaluator says of reconstructions means little."""
LEAST_COMPARED = 50
"""Pictures below which FID and KID are not shown: they compare two distributions."""
LEAST_FOUND = 10
"""Pictures below which mean distances and LPIPS are not shown."""

Row = Mapping[str, Any]


def likeness_doubt(rows: Iterable[Row], column: str) -> str | None:
    """Return why the ``column`` of these rows of attacks says too little to be shown; ``None`` where it may.

    FID and KID need 50 pictures, the others 10. What is measured in the features of an evaluator needs one
    that is right on 90 % of the real pictures. What an older row does not hold is not judged.
    """
    return next(filter(None, (_doubt(row, column) for row in rows)), None)


def _doubt(row: Row, column: str) -> str | None:
    count, least = (
        (row.get("fid_images"), LEAST_COMPARED) if column in ("fid", "kid") else (_found(row), LEAST_FOUND)
    )
    if count is not None and count < least:
        return f"of {count} pictures only, {least} are needed"
    right = row.get("evaluator_acc")
    if _by_evaluator(row, column) and right is not None and right < LEAST_ACCURACY:
        return f"the evaluator is right on {100 * right:.1f} % of real pictures only"
    return None


def _by_evaluator(row: Row, column: str) -> bool:
    if column in ("fid", "kid"):
        return row.get("fid_features") == row.get("evaluator")
    return column in ("knn_distance", "centroid_distance")


def _found(row: Row) -> int | None:
    """Return the reconstructions that the attack found."""
    made, without, restarts = (
        row.get(name) for name in ("reconstructions", "classes_without_start", "restarts")
    )
    return None if made is None else int(made) - int(without or 0) * int(restarts or 1)
