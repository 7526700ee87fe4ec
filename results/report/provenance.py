"""What made the rows of a sweep: data, code, packages, seeds, hashes. Host names stay out of a page."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from results.formatting import format_count
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings


def provenance_lines(summary: SweepSummary, settings: SweepSettings) -> list[tuple[str, str]]:
    """Return name and text of what made the rows; what differs between rows is listed once each."""
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
        ("Seeds", _seeds(summary, settings)),
        ("Generators", _distinct(row["generator_id"] for row in attacks)),
        ("Weights of the classifiers", _weights(summary)),
        ("Code", _distinct(row["git_sha"] for row in rows)),
        ("Changes", _changes(settings)),
        ("Packages", _distinct(_versions(row["versions"]) for row in rows)),
        ("Devices", _distinct(row["device"] for row in rows)),
        ("Machines", str(len({row["host"] for row in rows if row["host"]}) or "")),
        ("Runs", _runs(settings)),
        ("Last row", finished[-1].strftime("%Y-%m-%d %H:%M UTC") if finished else ""),
    ]
    return [(name, value) for name, value in pairs if value]


def code_changes(settings: SweepSettings) -> list[tuple[str, str]]:
    """Return hash and text of the uncommitted changes that runs of the sweep were made with, each once."""
    kept = [run for run in settings.runs if run.get("git_diff_sha256") and run.get("git_diff")]
    return list({str(run["git_diff_sha256"]): str(run["git_diff"]) for run in kept}.items())


def _changes(settings: SweepSettings) -> str:
    known = [run for run in settings.runs if run.get("git_dirty") is not None]
    dirty = [run for run in known if run["git_dirty"]]
    if not known:
        return ""
    if not dirty:
        return "none: the code was as committed"
    hashes = _distinct(run.get("git_diff_sha256") for run in dirty)
    share = f"uncommitted changes in {len(dirty)} of {format_count(len(known), 'run')}"
    return f"{share}, SHA-256 {hashes}" if hashes else share


def _runs(settings: SweepSettings) -> str:
    started = [str(run["started_at"]) for run in settings.runs if run.get("started_at")]
    if not started:
        return ""
    executors = _distinct(run.get("executor") for run in settings.runs)
    return f"{len(started)}, the first started {started[0][:16].replace('T', ' ')} UTC, executor {executors}"


def _seeds(summary: SweepSummary, settings: SweepSettings) -> str:
    search = (settings.space.get("search") or {}).get("seed")
    trained = sorted({row["seed"] for row in summary.targets if row["seed"] is not None})
    attacked = sorted({row["attack_seed"] for row in summary.attacks if row["attack_seed"] is not None})
    parts = [f"search {search}"] if search is not None else []
    parts += [f"training {_few(trained)}"] if trained else []
    parts += [f"attacks {_few(attacked)}"] if attacked else []
    return "; ".join(parts)


def _few(values: list[int]) -> str:
    shown = ", ".join(map(str, values[:12]))
    return f"{shown} and {len(values) - 12} more" if len(values) > 12 else shown


def _weights(summary: SweepSummary) -> str:
    """Return how many files of weights there are, and the hash of the anchor's."""
    hashes = {row["artifact_sha256"] for row in summary.targets if row["artifact_sha256"]}
    anchor = next(
        (row for row in summary.targets if row["defense"] == "no_def" and row["artifact_sha256"]), None
    )
    if anchor is None:
        return ""
    return f"{format_count(len(hashes), 'file')}; No-Def has SHA-256 {anchor['artifact_sha256']}"


def _recipe(row: Mapping[str, Any]) -> str:
    """Return the recipe of a T, how long it trained, and how its epoch was chosen unless it is the last."""
    chosen = f", {row['selection']}" if row["selection"] not in {None, "last"} else ""
    name = row["recipe"] or "settings of the setup"
    return f"{name}, {format_count(row['epochs'], 'epoch')}{chosen}" if row["epochs"] else f"{name}{chosen}"


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
