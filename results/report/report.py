"""The report of a sweep: one HTML page that works offline, on a phone, a wide screen and on paper."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import jinja2
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from results.figures.front_plot import MOST_DRAWN, X_TITLE, plot_front, ticks
from results.figures.interactive import convergence_figure
from results.figures.palette import INK, MUTED, SYMBOL_PATHS, Style, sweep_styles
from results.figures.slices import slice_figure, slices
from results.formatting import hours_text
from results.reader import SweepResults
from results.report.accuracy_budget import budget_choices, budget_lines, least_cost
from results.report.controls_and_evaluators import (
    control_lines,
    control_warning,
    evaluator_lines,
    evaluator_warning,
)
from results.report.front_data import attainment_text, families, front_data, printed_labels, views
from results.report.key_facts import key_facts
from results.report.leaked_attributes import leaked_attributes
from results.report.page import (
    attack_lines,
    configuration_line,
    importance_groups,
    progress_text,
    seconds_lines,
    timing_warning,
    training_time_lines,
)
from results.report.page_data import as_json, join_json, page_data, safe_in_script
from results.report.paired_tests import distance_lines, features_text, paired_lines
from results.report.pictures import Gallery, PrivateImages, Sheets, gallery
from results.report.provenance import code_changes, provenance_lines
from results.report.selection import select_configurations
from results.report.sweep_description import description_lines
from results.report.target_warnings import target_warnings
from results.report.trial_details import TrialDetails, failed_trials
from results.report.trial_panels import Panels, panels
from results.report.verdict import verdict
from results.statistics.comparison import Comparison, Pairing
from results.statistics.configurations import Configuration
from results.statistics.convergence import convergence
from results.statistics.cost import cost
from results.statistics.summary import SweepSummary
from results.stores.rows_by_key import RowsByKey
from results.sweeps.importance import Importances, read_importances
from results.sweeps.settings import SweepSettings, kept_settings

MOST_PICTURED = 4
"""Configurations of the front whose reconstructions are shown, beside No-Def and one control."""
MOST_DETAILED = 12
"""Configurations of the front in the table of attacks; the exports hold all."""
MOST_CLASSES = 24
MOST_OPEN_ROWS = 40
"""Configurations listed at first; the page shows more on demand."""
MOST_FAILURES = 200

_DEFAULT_COMMAND = "tldmi-sweep --space bido_vs_tldmi"


def render_report(
    results: SweepResults,
    sweep_id: str | None = None,
    *,
    private_images: PrivateImages | None = None,
    importances: Importances | None = None,
) -> str:
    """Return the report of a sweep (the latest without an id) as one self-contained HTML page.

    Writes nothing. Private pictures stay out unless ``private_images`` (class index -> files) gives them;
    ``importances`` stand for those that the store keeps.
    Works for a store without rows, an unfinished sweep and thousands of trials. Raises `UnknownSweep`.
    """
    summary = results.summary(sweep_id)
    settings = kept_settings(results.store, summary.sweep_id)
    template = _environment().get_template("report.html.j2")
    return template.render(
        _overview(summary, settings)
        | _tables(summary)
        | _evidence(results, summary)
        | _front(summary)
        | _search(summary, importances or read_importances(results.store, summary.sweep_id))
        | _trials(results, summary, settings, private_images)
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("results.report"),
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


def _overview(summary: SweepSummary, settings: SweepSettings) -> dict[str, Any]:
    record = summary.record
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
        "budget_choices": budget_lines(budget_choices(summary)),
        "least_cost": least_cost(summary),
        "progress": progress_text(summary),
        "unfinished": bool(summary.sweep_id) and summary.left is not None and not summary.finished,
        "failures": summary.failures[:MOST_FAILURES],
        "failure_count": len(summary.failures),
        "unreadable": summary.unreadable,
        "asked": description_lines(summary, settings),
        "cost": _cost_lines(summary),
        "provenance": provenance_lines(summary, settings),
        "changes": code_changes(settings),
    }


def _cost_lines(summary: SweepSummary) -> list[tuple[str, str, str]]:
    """Return name, value and note of what the sweep cost."""
    spent = cost(summary)
    lines = [
        ("Trials", progress_text(summary), ""),
        ("Wall time", hours_text(spent.wall_hours), "from the first task to the last, pauses included"),
        ("CPU time", hours_text(spent.cpu_hours), "of all threads of the tasks"),
        ("GPU time", hours_text(spent.gpu_hours), "wall time of tasks on a GPU; a shared GPU counts in full"),
        ("Sum over tasks", hours_text(spent.task_hours), "tasks may have run at the same time"),
    ]
    return lines if summary.sweep_id else []


def _tables(summary: SweepSummary) -> dict[str, Any]:
    shown = summary.configurations[:MOST_OPEN_ROWS]
    detailed = [*select_configurations(summary, MOST_DETAILED), *summary.controls]
    return {
        "lines": [configuration_line(configuration) for configuration in shown],
        "configuration_count": len(summary.configurations),
        "attack_lines": attack_lines(detailed),
        "attack_names": [summary.attack_names[kind] for kind in summary.attack_kinds],
        "control_lines": control_lines(summary),
        "control_warning": control_warning(summary),
        "evaluators": evaluator_lines(summary),
        "evaluator_warning": evaluator_warning(summary),
        "target_warnings": target_warnings(summary),
        "training_time_lines": training_time_lines(summary, MOST_OPEN_ROWS),
        "timing_warning": timing_warning(summary),
        "seconds": seconds_lines(summary),
    }


def _evidence(results: SweepResults, summary: SweepSummary) -> dict[str, Any]:
    shown = select_configurations(summary, MOST_DETAILED)
    return {
        "paired_lines": paired_lines(_against_anchor(results, summary, shown)),
        "distance_lines": distance_lines(summary, [*shown, *summary.controls]),
        "fid_features": features_text(summary),
        "leaked": leaked_attributes(summary, results.reconstruction_rows()),
    }


def _against_anchor(
    results: SweepResults, summary: SweepSummary, shown: Sequence[Configuration]
) -> list[Comparison]:
    anchor = summary.no_def
    if anchor is None:
        return []
    wanted = [
        unit
        for configuration in shown
        for attack in configuration.attacks.values()
        for unit in attack.attack_ids
    ]
    pairing = Pairing(summary, _of_attacks(results.reconstruction_rows(), wanted))
    return [pairing.compare(configuration, anchor) for configuration in shown if not configuration.is_anchor]


def _of_attacks(rows: pa.Table, attack_ids: Sequence[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["attack_id"], pa.array(attack_ids, pa.string())))


def _front(summary: SweepSummary) -> dict[str, Any]:
    shown = views(summary)
    base = {
        "facts": key_facts(summary),
        "views": shown,
        "families": families(summary),
        "styles": _drawn_styles(summary),
        "symbols": SYMBOL_PATHS,
        "printed": printed_labels(),
        "attainment": attainment_text(summary),
        "several_seeds": any(len(configuration.seeds) > 1 for configuration in summary.configurations),
        "theme": as_script_data({"ink": INK, "muted": MUTED}),
    }
    # The library itself, from its own package; curves of trials need it even without a front.
    base["plotly_js"] = Markup(get_plotlyjs()) if summary.configurations else None  # noqa: S704
    drawn = any(configuration.worst_att_acc is not None for configuration in summary.configurations)
    if not drawn:
        return base | {"front": None, "view_data": None, "plot": None, "thinned": None}
    plot = plot_front(summary)
    left_out = plot.left_out
    return base | {
        "front": page_data(as_json(front_data(summary))),
        "view_data": as_script_data([asdict(view) for view in shown]),
        "plot": plot,
        "ticks": {"x": ticks(plot.x_range), "y": ticks(plot.y_range)},
        "x_title": X_TITLE,
        "thinned": f"At most {MOST_DRAWN} configurations are drawn, so that the figure stays fast. "
        f"{left_out} dominated configurations are in the table only."
        if left_out
        else None,
    }


def _drawn_styles(summary: SweepSummary) -> dict[str, Style]:
    """Return the styles of the families that the page shows, by kind."""
    shown = {configuration.defense for configuration in (*summary.configurations, *summary.controls)}
    return {kind: style for kind, style in sorted(sweep_styles(summary).items()) if kind in shown}


def _search(summary: SweepSummary, importances: Importances | None) -> dict[str, Any]:
    course = convergence(summary)
    figures: dict[str, Any] = {}
    if len(course) > 1:
        figures["convergence"] = plain_figure(convergence_figure(summary))
    shown = slices(summary)
    for index, drawn in enumerate(shown):
        figures[f"slice-{index}"] = plain_figure(slice_figure(drawn))
    return {
        "convergence": course if len(course) > 1 else None,
        "slices": [drawn.title for drawn in shown],
        "figures": page_data(as_json(figures)),
        "importances": importance_groups(summary, importances),
    }


def plain_figure(figure: Any) -> dict[str, Any]:  # noqa: ANN401  (plotly has no types)
    """Return a plotly figure as plain values."""
    plain: dict[str, Any] = json.loads(figure.to_json())
    return plain


def _trials(
    results: SweepResults,
    summary: SweepSummary,
    settings: SweepSettings,
    private_images: PrivateImages | None,
) -> dict[str, Any]:
    rows = _of_attacks(results.reconstruction_rows(), [row["attack_id"] for row in summary.attacks])
    grouped = RowsByKey(rows, "attack_id")
    sheets = Sheets(results.store, grouped)
    curves = RowsByKey(results.curve_rows(), "target_id")
    details = TrialDetails(summary, settings, grouped, curves)
    labels: dict[int, str] = {}
    failed = failed_trials(results.store, summary, settings, summary.failures[:MOST_FAILURES], labels)
    opened = panels(summary, details, sheets, rows, private_images, failed)
    shown = [*select_configurations(summary, MOST_PICTURED), *summary.controls[:1]]
    made = (gallery(sheets, kind, shown, private_images, MOST_CLASSES) for kind in summary.attack_kinds)
    galleries: list[Gallery] = [drawn for drawn in made if drawn is not None]
    return {
        "galleries": galleries,
        "with_private": private_images is not None,
        "missing_pictures": sorted(sheets.missing.items()),
        "trial_data": {
            "rows-data": page_data(as_json(opened.rows)),
            "details-data": page_data(join_json(opened.details)),
            "pictures-data": page_data(_pictures(opened), compress=False),
            "failed-data": page_data(join_json(opened.failed)),
        },
        "opened_failures": opened.failed.keys(),
        "failure_labels": labels,
        "panels_note": opened.note,
    }


def _pictures(opened: Panels) -> str:
    """Return the pictures of trials as JSON: strips by attack_id, private pictures and names by class."""
    parts = {"private": as_json(opened.private), "classes": as_json(opened.classes)}
    return join_json({"strips": join_json(opened.strips), **parts})


def as_script_data(value: object) -> Markup:
    """Return ``value`` as JSON that cannot end the script element it stands in."""
    return safe_in_script(as_json(value))
