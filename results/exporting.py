"""A sweep in a file of the reader's choice; the suffix names the format."""

import json
import math
import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from results.errors import ExportRefused
from results.figures import front_png
from results.formatting import UNKNOWN, count_text, delta_text, interval_text, percent
from results.labels import configuration_heading
from results.pareto import REFERENCE
from results.reader import SweepResults, configuration_rows
from results.report import render_report

Images = Mapping[int, bytes] | None


def export(
    results: SweepResults,
    path: str | Path,
    sweep_id: str | None = None,
    *,
    force: bool = False,
    private_images: Images = None,
) -> Path:
    """Write one sweep to ``path`` and return it: the table of configurations, the report or the figure.

    ``.csv .parquet .json .tex`` hold the configurations, ``.html`` the report, ``.png`` the front.
    Written in one step. ``private_images`` go into the report alone. Raises `ExportRefused` for another
    suffix, a missing folder, or an existing file without ``force``.
    """
    place = Path(path)
    if place.suffix not in _FORMATS:
        raise ExportRefused(
            f"Cannot export to {str(place)!r}: the suffix must be one of {' '.join(_FORMATS)}."
        )
    if place.exists() and not force:
        raise ExportRefused(f"{place} exists already. Add --force to replace it, or name another file.")
    if private_images is not None and place.suffix != ".html":
        raise ExportRefused(f"Private pictures go into an .html report alone, not into {place.name!r}.")
    _write(place, _FORMATS[place.suffix](results, sweep_id, private_images))
    return place


def _write(place: Path, data: bytes) -> None:
    aside = place.parent / f".{uuid.uuid4().hex}.part"
    try:
        aside.write_bytes(data)
        os.replace(aside, place)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ExportRefused(
            f"Cannot write {place}: {error.strerror}. Name a file in a folder that exists."
        ) from error


def _csv(results: SweepResults, sweep_id: str | None, _: Images) -> bytes:
    return results.configurations(sweep_id).to_csv(index=False).encode()


def _parquet(results: SweepResults, sweep_id: str | None, _: Images) -> bytes:
    data: bytes = results.configurations(sweep_id).to_parquet(index=False)
    return data


def _json(results: SweepResults, sweep_id: str | None, _: Images) -> bytes:
    summary = results.summary(sweep_id)
    document = {
        "sweep_id": summary.sweep_id,
        "hypervolume": summary.hypervolume,
        "reference_point": {"acc": REFERENCE[0], "att_acc": REFERENCE[1]},
        "front": [one.config_id for one in summary.front],
        "done": dict(summary.done),
        "failed": dict(summary.failed),
        "left": summary.left,
        "unreadable_parts": [part._asdict() for part in summary.unreadable],
        "configurations": configuration_rows([*summary.configurations, *summary.controls]),
    }
    return (json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _plain(value: object) -> object:
    """Return ``value`` with NaN as null, which JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tex(results: SweepResults, sweep_id: str | None, _: Images) -> bytes:
    summary = results.summary(sweep_id)
    lines = [
        r"\begin{tabular}{llrrrrr}",
        r"\toprule",
        r"Defence & Parameters & Acc $\uparrow$ & AttAcc $\downarrow$ & 95\,\% interval & $\Delta$ $\uparrow$"
        r" & $|\theta_C|$ \\",
        r"\midrule",
    ]
    for one in summary.configurations:
        name, note = configuration_heading(vars(one))
        cells = [
            name,
            note,
            percent(one.acc),
            percent(one.worst_att_acc),
            interval_text(one.worst_interval) or UNKNOWN,
            delta_text(one.delta),
            count_text(one.theta_c),
        ]
        lines.append(" & ".join(latex_text(cell) for cell in cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""]).encode()


_LATEX = {
    "\\": r"\textbackslash{}",
    "λx": r"$\lambda_x$",
    "λy": r"$\lambda_y$",
    "−": "$-$",  # noqa: RUF001
    "–": "--",  # noqa: RUF001
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def latex_text(text: str) -> str:
    r"""Return ``text`` with LaTeX's special characters escaped.

    >>> latex_text("50 % of tl_dmi")
    '50 \\% of tl\\_dmi'
    """
    done, rest = "", text
    while rest:
        found = next((key for key in _LATEX if rest.startswith(key)), rest[0])
        done, rest = done + _LATEX.get(found, found), rest[len(found) :]
    return done


def _png(results: SweepResults, sweep_id: str | None, _: Images) -> bytes:
    return front_png(results.summary(sweep_id))


def _html(results: SweepResults, sweep_id: str | None, private_images: Images) -> bytes:
    return render_report(results, sweep_id, private_images=private_images).encode()


_FORMATS: dict[str, Callable[[SweepResults, str | None, Images], bytes]] = {
    ".csv": _csv,
    ".html": _html,
    ".json": _json,
    ".parquet": _parquet,
    ".png": _png,
    ".tex": _tex,
}
