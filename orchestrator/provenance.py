"""Where a sweep came from: versions, commit, machine and time of each run, kept beside its settings."""

import functools
import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from orchestrator.errors import InvalidRequest
from orchestrator.redaction import redact
from results import PathMissing, Store
from results.installation import git, versions
from results.sweeps.settings import settings_path
from search_spaces import Sweep
from search_spaces.plugins import PluginSource, loaded_sources

PACKAGES = ("tldmi-sweep", "ray", "optuna", "torch", "numpy", "pyarrow", "pydantic")
RUNS_KEPT = 100
"""Runs of one sweep whose provenance is kept; the oldest go first."""
DIFF_KEPT = 100_000
"""Characters of a diff that are kept; its hash is that of the whole."""


@dataclass(frozen=True)
class Provenance:
    """One run of a sweep. No environment, arguments or user names: those may hold secrets."""

    started_at: str
    host: str
    cpus: int
    executor: str
    versions: dict[str, str | None]
    git_sha: str | None
    git_dirty: bool | None
    git_diff_sha256: str | None = None
    git_diff: str | None = None
    """The uncommitted changes of tracked files without secrets, the end left out when it is very long."""


def current_provenance(executor: str) -> Provenance:
    """Return the provenance of a run that starts now."""
    status = git("status", "--porcelain", "--untracked-files=no")
    diff = git("diff", "HEAD") if status else None
    return Provenance(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        host=platform.node(),
        cpus=os.cpu_count() or 1,
        executor=executor,
        versions=versions(PACKAGES),
        git_sha=git("rev-parse", "--verify", "HEAD"),
        git_dirty=None if status is None else bool(status),
        git_diff_sha256=hashlib.sha256(diff.encode()).hexdigest() if diff else None,
        git_diff=_kept_diff(diff) if diff else None,
    )


@functools.lru_cache(maxsize=4)
def _kept_diff(diff: str) -> str:
    """Return the beginning of ``diff`` without what looks like a secret."""
    return redact(diff)[:DIFF_KEPT]


def record_run(store: Store, sweep: Sweep, provenance: Provenance) -> None:
    """Write the settings of ``sweep`` and the provenance of all its runs so far, this one last."""
    path = settings_path(sweep.sweep_id)
    runs = _earlier_runs(store, path)[-RUNS_KEPT + 1 :]
    content = {
        "sweep": sweep.model_dump(mode="json"),
        "runs": [*runs, _with_diff_once(provenance, runs)],
        "plugins": [{"path": source.path, "text": source.text} for source in loaded_sources()],
    }
    store.put_bytes(path, json.dumps(content, sort_keys=True, indent=1).encode())


def kept_sweep(store: Store, sweep_id: str) -> Sweep | None:
    """Return the sweep whose settings the store keeps; nothing without any that this program can read."""
    try:
        return Sweep.model_validate(json.loads(store.get_bytes(settings_path(sweep_id)))["sweep"])
    except (PathMissing, KeyError, TypeError, ValidationError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def read_settings(store: Store, sweep_id: str) -> Sweep:
    """Return the sweep whose settings the store keeps.

    Raises ``InvalidRequest`` when there are none, or when this program reads them as another sweep.
    """
    sweep = kept_sweep(store, sweep_id)
    if sweep is None and not store.exists(settings_path(sweep_id)):
        raise InvalidRequest(f"the settings of sweep {sweep_id} are not in {store.uri}")
    if sweep is None:
        advice = _missing_plugins(store, sweep_id)
        raise InvalidRequest(f"the settings of sweep {sweep_id} in {store.uri} cannot be read; {advice}")
    if sweep.sweep_id != sweep_id:
        raise InvalidRequest(
            f"this version reads the settings of sweep {sweep_id} as another sweep; use the tldmi-sweep that "
            "wrote them"
        )
    return sweep


def _missing_plugins(store: Store, sweep_id: str) -> str:
    """Return what to do to read the settings: plugins are named, never run from a store."""
    loaded = {source.hash for source in loaded_sources()}
    missing = [source for source in kept_plugins(store, sweep_id) if source.hash not in loaded]
    if not missing:
        return "use the tldmi-sweep that wrote them"
    named = ", ".join(f"{source.path} (hash {source.hash})" for source in missing)
    return f"its plugins are not loaded, or have changed since: {named}; name them with --plugin FILE.py"


def kept_plugins(store: Store, sweep_id: str) -> list[PluginSource]:
    """Return the plugins that the last run of a sweep had loaded: their text, which nothing runs."""
    try:
        plain = json.loads(store.get_bytes(settings_path(sweep_id))).get("plugins", [])
        return [PluginSource(str(plugin["path"]), str(plugin["text"])) for plugin in plain]
    except (PathMissing, KeyError, TypeError, AttributeError, ValueError):
        return []


def _with_diff_once(provenance: Provenance, earlier: list[object]) -> dict[str, object]:
    """Return the run as plain values; a diff that an earlier run has kept is left out, its hash stays."""
    sha = provenance.git_diff_sha256
    known = any(isinstance(run, dict) and run.get("git_diff_sha256") == sha for run in earlier)
    return asdict(provenance) | ({"git_diff": None} if known else {})


def _earlier_runs(store: Store, path: str) -> list[object]:
    if not store.exists(path):
        return []
    try:
        runs = json.loads(store.get_bytes(path))["runs"]
    except (ValueError, KeyError, TypeError):  # damaged by hand: no row is lost with it
        return []
    return list(runs) if isinstance(runs, list) else []
