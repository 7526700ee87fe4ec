"""The commands of ``tldmi-sweep``: where each is. A module is imported when its command is used."""

import importlib
from typing import NamedTuple, cast

import click


class Place(NamedTuple):
    """Where a command is, and the line about it in the list of commands."""

    module: str
    line: str


COMMANDS: dict[str, Place] = {
    "run": Place("run", "Run a sweep, or what is left of it, then write its report."),
    "plan": Place("plan", "What a sweep would do and about what it costs; starts nothing."),
    "status": Place("status", "How far a sweep has come, what runs, its front so far."),
    "trials": Place("trials", "The ended trials of a sweep, filtered and sorted."),
    "logs": Place("logs", "Steps, reasons and logs of a trial, and how to reproduce it."),
    "stop": Place("stop", "End a sweep that runs elsewhere after its running trials."),
    "cancel": Place("stop", "End a sweep that runs elsewhere now."),
    "retry": Place("retry", "Run failed trials again, or any trial once more elsewhere."),
    "report": Place("export", "Write the page of a sweep: one HTML file that works offline."),
    "export": Place("export", "Write the table of configurations, or the front as a figure."),
    "compare": Place("compare", "Compare two sweeps, or two configurations of one."),
    "spaces": Place("spaces", "Look at search spaces, copy one to edit, check your own."),
    "plugin": Place("plugin", "Start a defence of your own; see what a plugin file defines."),
    "gc": Place("gc", "Remove what no row refers to, and merge small files."),
    "doctor": Place("doctor", "What is installed, fetched and writable."),
    "convert": Place("convert", "Turn a published checkpoint into a .safetensors file."),
    "schema": Place("schema", "JSON Schemas of files and documents, columns of tables."),
    "completion": Place("completion", "Print the completion script of a shell."),
    "cluster": Place("cluster", "Check a cluster file, start its cluster, run on it, end it."),
}
"""Name -> module of this folder and its line; in the order in which ``--help`` lists them."""


def load_command(name: str) -> click.Command:
    """Import and return the command ``name`` of ``COMMANDS``; the attribute of its module has its name."""
    module = importlib.import_module(f"orchestrator.commands.{COMMANDS[name].module}")
    return cast(click.Command, getattr(module, name))


__all__ = ["COMMANDS", "Place", "load_command"]
