"""What a shell offers when a command is half typed: spaces, setups, stores, sweeps. Only local ones."""

from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from results.stores.marker import MARKER
from search_spaces.shipped import ALIASES, setup_names, space_names

Items = list[CompletionItem]
FILE = CompletionItem("", type="file")
"""Lets the shell complete paths of its own."""


def complete_space(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Return the shipped spaces, or the files, that begin so."""
    return _beginning(space_names(), incomplete) or [FILE]


def complete_shipped(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Return the shipped spaces and setups that begin so."""
    return _beginning([*space_names(), *setup_names()], incomplete)


def complete_data(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Return the shipped setups, or the files, that begin so."""
    return _beginning([*setup_names(), *ALIASES], incomplete) or [FILE]


def complete_store(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Return the stores in the folder that is half typed, and under ``runs``; else the folders."""
    folder = Path(incomplete).parent if incomplete else Path()
    stores = {str(path.parent) for place in (Path("runs"), folder) for path in place.glob(f"*/{MARKER}")}
    return _beginning(sorted(stores), incomplete) or [CompletionItem("", type="dir")]


def complete_sweep(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Return the sweeps of the local store that the command line names, or of those under ``runs``."""
    named = context.params.get("store")
    folders = [Path(named)] if named else [path.parent for path in Path("runs").glob(f"*/{MARKER}")]
    records = (path for folder in folders for path in folder.glob("sweeps/*.json"))
    return _beginning(sorted(path.stem for path in records), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> Items:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
