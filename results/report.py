"""The report of a sweep: one HTML page that works offline, on a phone, a wide screen and on paper."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from results.comparison import Comparison, Pairing
from results.configurations import Configuration
from results.evidence import distance_lines, features_text, paired_lines
from results.figures import front_figure, front_png
from results.formatting import counted, percent, seconds_text
from results.honesty import control_lines, control_warning, evaluator_lines, evaluator_warning
from results.labels import attack_name
from results.page import (
    attack_lines,
    configuration_line,
    progress_text,
    seconds_lines,
    timing_warning,
    training_time_lines,
)
from results.palette import INK, MUTED
from results.pictures import Gallery, Sheets, gallery
from results.reader import SweepResults
from results.summary import SweepSummary
from results.verdict import verdict

MOST_PICTURED = 4
"""Configurations of the front whose reconstructions are shown, beside No-Def and one control."""
MOST_DETAILED = 12
"""Configurations of the front in the table of attacks; the exports hold all."""
MOST_CLASSES = 24
MOST_OPEN_ROWS = 40
"""Configurations listed openly; the others fold away."""

T = TypeVar("T")

_DEFAULT_COMMAND = "tldmi-sweep --space bido_vs_tldmi"


def render_report(
    results: SweepResults,
    sweep_id: str | None = None,
    *,
    private_images: Mapping[int, bytes] | None = None,
) -> str:
    """Return the report of a sweep (the latest without an id) as one self-contained HTML page.

    Writes nothing. Private pictures stay out unless ``private_images`` (class index -> file) gives them.
    Works for a store without rows, an unfinished sweep and hundreds of trials. Raises `UnknownSweep`.
    """
    summary = results.summary(sweep_id)
    template = _environment().get_template("report.html.j2")
    return template.render(
        _overview(summary)
        | _tables(summary)
        | _evidence(results, summary)
        | _figure(summary)
        | _pictures(results, summary, private_images)
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("results"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tie"] = tie
    return environment


def tie(text: str) -> str:
    """Return ``text`` with numbers tied to their sign, so that no line ends between them."""
    return text.replace(" %", "\u00a0%").replace("Δ ", "Δ\u00a0")


def _overview(summary: SweepSummary) -> dict[str, Any]:
    record, anchor = summary.record, summary.no_def
    return {
        "title": record.title
        if record
        else f"Sweep {summary.sweep_id}"
        if summary.sweep_id
        else "No sweep yet",
        "sweep_id": summary.sweep_id,
        "command": record.command if record and record.command else _DEFAULT_COMMAND,
        "credits": record.credits if record else (),
        "verdict": verdict(summary),
        "progress": progress_text(summary),
        "unfinished": bool(summary.sweep_id) and summary.left is not None and not summary.finished,
        "facts": [
            ("No-Def accuracy", percent(anchor.acc) if anchor else "–", "%"),  # noqa: RUF001
            ("No-Def worst attack", percent(anchor.worst_att_acc) if anchor else "–", "%"),  # noqa: RUF001
            ("Hypervolume of the front", f"{summary.hypervolume:.3f}", ""),
            ("Configurations", str(len(summary.configurations)), ""),
        ],
        "failures": summary.failures,
        "unreadable": summary.unreadable,
        "provenance": _provenance(summary),
    }


def _tables(summary: SweepSummary) -> dict[str, Any]:
    lines = [configuration_line(one) for one in summary.configurations]
    detailed = [*featured(summary, MOST_DETAILED), *summary.controls]
    return {
        "lines": lines[:MOST_OPEN_ROWS],
        "folded_lines": lines[MOST_OPEN_ROWS:],
        "attack_lines": attack_lines(detailed),
        "attack_names": [attack_name(kind) for kind in summary.attack_kinds],
        "control_lines": control_lines(summary),
        "control_warning": control_warning(summary),
        "evaluators": evaluator_lines(summary),
        "evaluator_warning": evaluator_warning(summary),
        "training_time_lines": training_time_lines(summary)[:MOST_OPEN_ROWS],
        "timing_warning": timing_warning(summary),
        "seconds": seconds_lines(summary),
    }


def _evidence(results: SweepResults, summary: SweepSummary) -> dict[str, Any]:
    shown = featured(summary, MOST_DETAILED)
    return {
        "paired_lines": paired_lines(_against_anchor(results, summary, shown)),
        "distance_lines": distance_lines(summary, [*shown, *summary.controls]),
        "fid_features": features_text(summary),
    }


def _against_anchor(
    results: SweepResults, summary: SweepSummary, shown: Sequence[Configuration]
) -> list[Comparison]:
    anchor = summary.no_def
    if anchor is None:
        return []
    pairing = Pairing(summary, results.reconstruction_rows())
    return [pairing.compare(one, anchor) for one in shown if not one.is_anchor]


def _figure(summary: SweepSummary) -> dict[str, Any]:
    if not any(one.worst_att_acc is not None for one in summary.configurations):
        return {"figure": None, "plotly_js": None, "picture": None, "theme": None}
    return {
        "figure": as_script_data(json.loads(front_figure(summary).to_json())),
        "plotly_js": Markup(get_plotlyjs()),  # noqa: S704  # the library itself, from its own package
        "picture": "data:image/png;base64," + base64.b64encode(front_png(summary, dpi=100)).decode(),
        "theme": as_script_data({"ink": INK, "muted": MUTED}),
    }


def as_script_data(value: object) -> Markup:
    """Return ``value`` as JSON that cannot end the script element it stands in.

    >>> as_script_data("</script>")
    Markup('"\\\\u003c/script\\\\u003e"')
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  # escaped above


def featured(summary: SweepSummary, most: int) -> list[Configuration]:
    """Return what to show in detail: No-Def, ``most`` of the front, and the best of each family not on it.

    The best of a family is the one with the least worst AttAcc.
    """
    anchor = [summary.no_def] if summary.no_def else []
    front = spread([one for one in reversed(summary.front) if not one.is_anchor], most)
    known = [one for one in summary.defended if one.worst_att_acc is not None]
    best: dict[str, Configuration] = {}
    for one in sorted(known, key=lambda one: one.point[1]):
        best.setdefault(one.defense, one)
    shown = {one.defense for one in front}
    return [*anchor, *front, *(one for family, one in best.items() if family not in shown)]


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most ``most`` items, evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(index * (len(items) - 1) / (most - 1))] for index in range(most)]


def _pictures(
    results: SweepResults, summary: SweepSummary, private_images: Mapping[int, bytes] | None
) -> dict[str, Any]:
    shown = [*featured(summary, MOST_PICTURED), *summary.controls[:1]]
    sheets = Sheets(results.store, results.reconstruction_rows())
    found = (gallery(sheets, kind, shown, private_images, MOST_CLASSES) for kind in summary.attack_kinds)
    galleries: list[Gallery] = [one for one in found if one is not None]
    return {"galleries": galleries, "with_private": private_images is not None}


def _provenance(summary: SweepSummary) -> list[tuple[str, str]]:
    """Return what made the rows: the distinct data, code, packages and devices; host names stay out."""
    targets, attacks = summary.targets, summary.attacks
    rows = [*targets, *attacks]
    finished = sorted(row["finished_at"] for row in rows if row["finished_at"] is not None)
    pairs = [
        ("Data", _distinct(f"{row['data']}, {row['classes']} classes" for row in targets)),
        ("Data hash", _distinct(row["data_hash"] for row in targets)),
        (
            "Target",
            _distinct(f"{row['architecture']}, pre-trained: {row['pretrained'] or 'no'}" for row in targets),
        ),
        ("Recipes", _distinct(_recipe(row) for row in targets)),
        ("Code", _distinct(row["git_sha"] for row in rows)),
        ("Packages", _distinct(_versions(row["versions"]) for row in rows)),
        ("Devices", _distinct(row["device"] for row in rows)),
        ("Machines", str(len({row["host"] for row in rows if row["host"]}) or "")),
        ("Computing", seconds_text(sum(row["seconds"] or 0.0 for row in rows)) if rows else ""),
        ("Last row", finished[-1].strftime("%Y-%m-%d %H:%M UTC") if finished else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def _recipe(row: Mapping[str, Any]) -> str:
    """Return the recipe of a T, how long it trained, and how its epoch was chosen unless it is the last."""
    chosen = f", {row['selection']}" if row["selection"] not in {None, "last"} else ""
    name = row["recipe"] or "settings of the setup"
    return f"{name}, {counted(row['epochs'], 'epoch')}{chosen}" if row["epochs"] else f"{name}{chosen}"


def _distinct(values: Iterable[str | None]) -> str:
    return "; ".join(sorted({str(value) for value in values if value}))


def _versions(text: str | None) -> str:
    """Return ``package version`` pairs of the JSON in a row, or the text itself."""
    try:
        versions = json.loads(text or "{}")
    except ValueError:
        return str(text)
    return (
        ", ".join(f"{name} {version}" for name, version in versions.items())
        if isinstance(versions, dict)
        else str(text)
    )
