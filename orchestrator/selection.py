"""Which sweep a command means: a space, a setup, and the settings changed on the command line."""

import functools
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.completion import complete_data, complete_space, complete_store
from orchestrator.errors import InvalidRequest
from results.stores.marker import MARKER

if TYPE_CHECKING:
    from search_spaces import Setup, Space

RUNS = Path("runs")
"""Folder of the stores that are not named."""
STORE_VARIABLE = "TLDMI_SWEEP_STORE"
"""Environment variable that names the store where the command line does not."""


@dataclass(frozen=True)
class Selection:
    """The options that say which sweep is meant."""

    space: str
    data: str | None = None
    store: str | None = None
    trials: int | None = None
    seed: int | None = None
    threads: int = 1
    assignments: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    """Plugin files of the command line; they are loaded already."""

    def load(self) -> "tuple[Space, Setup]":
        """Return the space and the setup; raises ``InvalidSpace`` with every error found."""
        from search_spaces import load_setup, load_space

        space = load_space(self.space)
        setup = load_setup(self.data or space.setup)
        return apply_overrides(space, setup, self.assignments, self.trials, self.seed)

    def store_uri(self, space: "Space", setup: "Setup") -> str:
        """Return the store named, else ``runs/<space>-<setup>``."""
        return self.store or str(RUNS / f"{space.name}-{setup.name}")

    @property
    def command(self) -> str:
        """The command line that means this sweep again."""
        options = {
            "--data": self.data,
            "--store": self.store,
            "--trials": self.trials,
            "--seed": self.seed,
            "--threads": None if self.threads == 1 else self.threads,
        }
        words = ["tldmi-sweep", "--space", self.space]
        words += [word for name, value in options.items() if value is not None for word in (name, str(value))]
        words += [word for assignment in self.assignments for word in ("--set", assignment)]
        words += [word for path in self.plugins for word in ("--plugin", path)]
        return shlex.join(words)


def apply_overrides(
    space: "Space", setup: "Setup", assignments: Sequence[str], trials: int | None, seed: int | None
) -> "tuple[Space, Setup]":
    """Return both with ``KEY=VALUE`` assignments applied, then another number of trials or seed.

    Raises ``InvalidSpace`` for assignments and values that are not allowed.
    """
    from orchestrator.overrides import apply_assignments

    space, setup = apply_assignments(space, setup, assignments)
    search = space.search
    if trials is not None:
        search = search.model_copy(update={"trials": trials})
    if seed is not None:
        search = search.model_copy(update={"seed": seed})
        space = space.model_copy(update={"seed": seed})
    return space.model_copy(update={"search": search}), setup


def load_plugins(
    _context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    """Run the plugin files at ``paths``, a callback of click. Raises ``InvalidPlugin``."""
    if paths:
        from search_spaces.plugins import load_plugin

        for path in paths:
            load_plugin(path)
    return paths


def plugin_option(expose_value: bool = True) -> Callable[..., Any]:
    """Return the option ``--plugin``; its files run before other options are read, which may name kinds."""
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE.py",
        is_eager=True,
        expose_value=expose_value,
        callback=load_plugins,
        help="Run this Python file first: it defines defences, attacks, priors, ... of your own. "
        "Repeat it for several files.",
    )


def sweep_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that select a sweep, as its first argument ``selection``."""

    @functools.wraps(function)
    def _selecting(
        space: str,
        data: str | None,
        store: str | None,
        trials: int | None,
        seed: int | None,
        threads: int,
        assignments: tuple[str, ...],
        plugins: tuple[str, ...],
        **others: Any,  # noqa: ANN401  (options of the command itself)
    ) -> Any:  # noqa: ANN401
        selection = Selection(space, data, store, trials, seed, threads, assignments, plugins)
        return function(selection, **others)

    command: Callable[..., Any] = _selecting
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--space",
        required=True,
        metavar="NAME|FILE",
        help="A shipped space or a YAML file.",
        shell_complete=complete_space,
    ),
    click.option(
        "--data",
        metavar="NAME|SET=FOLDER,SET=FOLDER",
        help="Data: orl_faces, drawn_persons, image_folder=PRIVATE,PUBLIC; downloaded sets as celeba=FOLDER, "
        "or private and public as facescrub=FOLDER,ffhq=FOLDER; or a YAML file.  [default: the space's own]",
        shell_complete=complete_data,
    ),
    click.option(
        "--store",
        metavar="FOLDER",
        envvar=STORE_VARIABLE,
        show_envvar=True,
        help="Store of the results: a folder or s3://BUCKET/PREFIX.  [default: runs/<space>-<setup>]",
        shell_complete=complete_store,
    ),
    click.option("--trials", type=click.IntRange(min=1), help="Configurations to try."),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of the search and of the trainings."),
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="CPU threads of a step; another number makes another sweep, as it changes the last bits.",
    ),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a setting of the space or setup, such as target.epochs=3 or attacks.gmi.iterations=50.",
    ),
    plugin_option(),
)


def chosen_store(store: str | None) -> str:
    """Return the store named, else the only one under ``runs``.

    Raises ``InvalidRequest`` when there is none or more than one.
    """
    if store is not None:
        return store
    stores = sorted(str(path.parent) for path in RUNS.glob(f"*/{MARKER}"))
    if len(stores) == 1:
        return stores[0]
    if not stores:
        raise InvalidRequest(f"no store under {RUNS}/: name one, or run tldmi-sweep --space bido_vs_tldmi")
    raise InvalidRequest(f"several stores under {RUNS}/: name one of {', '.join(stores)}")
