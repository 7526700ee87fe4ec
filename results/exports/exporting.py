"""Writes a sweep to a file; the suffix names the format."""

import contextlib
import json
import math
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from results.errors import ExportRefused
from results.exports.latex import latex_table
from results.figures.printed import Format, drawing_bytes, front_drawing
from results.reader import SweepResults, configuration_rows
from results.report.pictures import PrivateImages
from results.report.report import render_report
from results.statistics.front_interval import hypervolume_interval
from results.statistics.pareto import REFERENCE
from results.sweeps.importance import Importances


class Additions(NamedTuple):
    """What a report shows beside the rows of the store."""

    private_images: PrivateImages | None
    importances: Importances | None


Writer = Callable[[SweepResults, str | None, Additions], bytes]


def export(
    results: SweepResults,
    path: str | Path,
    sweep_id: str | None = None,
    *,
    force: bool = False,
    private_images: PrivateImages | None = None,
    importances: Importances | None = None,
) -> Path:
    """Write one sweep to ``path`` and return it: the table of configurations, the report or the figure.

    ``.csv .parquet .json .tex`` hold the configurations, ``.html`` the report, ``.png .svg .pdf`` the front.
    The file is written in one step. ``private_images`` and ``importances`` go into the report only;
    ``importances`` replace the stored ones. Raises `ExportRefused` for another suffix, a missing folder, or
    an existing file without ``force``.
    """
    place = check_place(path, force=force)
    if private_images is not None and place.suffix != ".html":
        raise ExportRefused(f"Private pictures can only go into an .html report, not into {place.name!r}.")
    _write(place, _FORMATS[place.suffix](results, sweep_id, Additions(private_images, importances)))
    return place


def check_place(path: str | Path, *, force: bool = False) -> Path:
    """Return ``path`` when an export can go there; raises `ExportRefused`."""
    place = Path(path)
    if place.suffix not in _FORMATS:
        raise ExportRefused(
            f"Cannot export to {str(place)!r}: the suffix must be one of {' '.join(_FORMATS)}."
        )
    if place.exists() and not force:
        raise ExportRefused(f"{place} exists already. Add --force to replace it, or name another file.")
    return place


def _write(place: Path, data: bytes) -> None:
    aside = place.parent / f".{uuid.uuid4().hex}.part"
    try:
        aside.write_bytes(data)
        os.replace(aside, place)
    except OSError as error:
        with contextlib.suppress(OSError):  # a read-only file system refuses that too
            aside.unlink(missing_ok=True)
        raise ExportRefused(
            f"Cannot write {place}: {error.strerror}. Name a file in a folder that you may write to."
        ) from error


def _csv(results: SweepResults, sweep_id: str | None, _: Additions) -> bytes:
    return results.configurations(sweep_id).to_csv(index=False).encode()


def _parquet(results: SweepResults, sweep_id: str | None, _: Additions) -> bytes:
    data: bytes = results.configurations(sweep_id).to_parquet(index=False)
    return data


def _json(results: SweepResults, sweep_id: str | None, _: Additions) -> bytes:
    summary = results.summary(sweep_id)
    document = {
        "sweep_id": summary.sweep_id,
        "hypervolume": summary.hypervolume,
        "hypervolume_interval": list(hypervolume_interval(summary) or ()) or None,
        "reference_point": {"acc": REFERENCE[0], "att_acc": REFERENCE[1]},
        "front": [configuration.config_id for configuration in summary.front],
        "done": dict(summary.done),
        "failed": dict(summary.failed),
        "left": summary.left,
        "unreadable_parts": [part._asdict() for part in summary.unreadable],
        "configurations": configuration_rows(summary, [*summary.configurations, *summary.controls]),
    }
    return (json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: object) -> object:
    """Return ``value`` with NaN as null, which JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tex(results: SweepResults, sweep_id: str | None, _: Additions) -> bytes:
    return latex_table(results.summary(sweep_id)).encode()


def _drawing(form: Format) -> Writer:
    def _drawn(results: SweepResults, sweep_id: str | None, _: Additions) -> bytes:
        return drawing_bytes(front_drawing(results.summary(sweep_id)), form)

    return _drawn


def _html(results: SweepResults, sweep_id: str | None, additions: Additions) -> bytes:
    return render_report(results, sweep_id, **additions._asdict()).encode()


_FORMATS: dict[str, Writer] = {
    ".csv": _csv,
    ".html": _html,
    ".json": _json,
    ".parquet": _parquet,
    ".pdf": _drawing("pdf"),
    ".png": _drawing("png"),
    ".svg": _drawing("svg"),
    ".tex": _tex,
}
SUFFIXES = tuple(_FORMATS)
"""What a name can end in."""
