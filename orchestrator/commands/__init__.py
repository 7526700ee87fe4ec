"""The commands of ``tldmi-sweep``: where each is. A module is imported when its command is used."""

import importlib
from typing import NamedTuple, cast

import click


class Place(NamedTuple):
    """Where a command is, and the line about it in the list of commands."""

    module: str
    line: str


COMMANDS: dict[str, Place] = {
    "run": Place("run", "Run a sweep, or the rest of it, then write its report."),
    "plan": Place("plan", "Show the trials and the estimated cost of a sweep; run none."),
    "status": Place("status", "Show progress, running trials and current front of a sweep."),
    "trials": Place("trials", "List the ended trials of a sweep, filtered and sorted."),
    "logs": Place("logs", "Show steps and logs of a trial, and how to reproduce it."),
    "stop": Place("stop", "End a sweep of another process after its running trials."),
    "cancel": Place("stop", "End a sweep of another process now."),
    "retry": Place("retry", "Run failed trials again, or reproduce trials in a new store."),
    "report": Place("export", "Write the report of a sweep, one HTML file."),
    "export": Place("export", "Write the table of configurations, or the front as a figure."),
    "compare": Place("compare", "Compare two sweeps, or two configurations of one."),
    "spaces": Place("spaces", "List, show, copy and check search spaces."),
    "plugin": Place("plugin", "Create a plugin file; list the kinds that it defines."),
    "gc": Place("gc", "Remove files that no row refers to, and merge small files."),
    "doctor": Place("doctor", "Show what is installed, fetched and writable."),
    "convert": Place("convert", "Turn a published checkpoint into a .safetensors file."),
    "schema": Place("schema", "Print JSON Schemas of documents, or columns of tables."),
    "completion": Place("completion", "Print the completion script of a shell."),
    "cluster": Place("cluster", "Check a cluster file; start and end its cluster; run sweeps."),
}
"""Name -> module of this folder and its line; in the order in which ``--help`` lists them."""


def load_command(name: str) -> click.Command:
    """Import and return the command ``name`` of ``COMMANDS``; the attribute of its module has its name."""
    module = importlib.import_module(f"orchestrator.commands.{COMMANDS[name].module}")
    return cast(click.Command, getattr(module, name))


__all__ = ["COMMANDS", "Place", "load_command"]
