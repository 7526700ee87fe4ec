"""Plugins: one Python file that the user names and that registers kinds of settings. Nothing else is run.

A file is named by ``plugins:`` of a space, by ``--plugin`` or from Python; an installed package offers kinds
as entry points (see ``Registry``). The hash of the file is part of the identity of all that its settings
describe, and its text travels to the processes that do the work.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from search_spaces.registry import REGISTRIES, KindSettings, text_hash
from search_spaces.settings import Settings


class InvalidPlugin(ValueError):
    """A plugin file that cannot be read or run, or that registers nothing."""


@dataclass(frozen=True)
class PluginSource:
    """The text of a plugin file, as it travels to other processes."""

    path: str
    """Where the user has it, for messages and tracebacks."""
    text: str

    @property
    def hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the text."""
        return text_hash(self.text.encode())

    @property
    def module_name(self) -> str:
        """The name of its module: another text is another module."""
        return f"tldmi_plugin_{self.hash}"


@dataclass(frozen=True)
class Plugin:
    """A plugin file that was run."""

    source: PluginSource
    module: ModuleType
    kinds: tuple[tuple[str, str], ...]
    """(noun, kind) of what it registered: ``("defence", "mine")``."""

    def classes(self) -> Iterator[tuple[str, type[KindSettings]]]:
        """Yield the noun and the settings class of each kind that the plugin defines."""
        for registry in REGISTRIES:
            for cls in registry:
                if cls.__module__ == self.source.module_name:
                    yield registry.noun, cls


_LOADED: dict[str, Plugin] = {}


def load_plugin(path: str | Path) -> Plugin:
    """Run the plugin file at ``path`` once and return it; an older text of the same file is unloaded.

    Raises ``InvalidPlugin``: not a readable Python file in UTF-8, an error while it runs, a kind that exists
    already, or no kind at all.
    """
    place = Path(os.path.abspath(Path(path).expanduser()))
    if place.suffix != ".py":
        raise InvalidPlugin(f"plugin {path}: a plugin is one Python file; give a path that ends in .py")
    try:
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidPlugin(f"plugin {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidPlugin(f"plugin {path}: is not text in UTF-8") from error
    return load_source(PluginSource(str(place), text))


def load_source(source: PluginSource) -> Plugin:
    """Run the plugin of ``source`` unless it is loaded already. Raises ``InvalidPlugin``."""
    present = _LOADED.get(source.path)
    if present is not None and present.source == source:
        return present
    if present is not None:
        unload_plugin(present)
    with _restored_on_error():
        before = _registered()
        module = _run(source)
        kinds = tuple(kind for kind in _registered() if kind not in before)
        if not kinds:
            nouns = ", ".join(registry.noun for registry in REGISTRIES)
            raise InvalidPlugin(
                f"plugin {source.path}: registers no kind; decorate a settings class with @register "
                f"(kinds of {nouns})"
            )
    plugin = Plugin(source, module, kinds)
    _LOADED[source.path] = plugin
    return plugin


def load_sources(sources: Iterable[PluginSource]) -> None:
    """Run every plugin of ``sources`` that this process has not loaded. Raises ``InvalidPlugin``."""
    for source in sources:
        load_source(source)


def loaded_plugins() -> tuple[Plugin, ...]:
    """Return the plugins of this process, in the order in which they were loaded."""
    return tuple(_LOADED.values())


def loaded_sources() -> tuple[PluginSource, ...]:
    """Return the plugins of this process, in the order in which they were loaded."""
    return tuple(plugin.source for plugin in _LOADED.values())


def unload_plugin(plugin: Plugin) -> None:
    """Forget the kinds of ``plugin``."""
    for registry in REGISTRIES:
        for cls in registry:
            if cls.__module__ == plugin.source.module_name:
                registry.remove(cls.kind_name())
    sys.modules.pop(plugin.source.module_name, None)
    _LOADED.pop(plugin.source.path, None)


def _run(source: PluginSource) -> ModuleType:
    module = ModuleType(source.module_name)
    module.__file__ = source.path
    sys.modules[source.module_name] = module
    try:
        # S102: the user named this file as code to run; nothing else is.
        exec(compile(source.text, source.path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except (Exception, SystemExit) as error:
        sys.modules.pop(source.module_name, None)
        raise InvalidPlugin(f"plugin {source.path}: {_reason(error, source.path)}") from error
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Settings) and value.__module__ == module.__name__:
            value.plugin_hash = source.hash
    return module


def _reason(error: BaseException, path: str) -> str:
    """Return what went wrong, with the line of the plugin file where it is known."""
    line = error.lineno if isinstance(error, SyntaxError) else _line_in(error, path)
    text = " ".join(str(getattr(error, "msg", error)).split()) or "no message"
    return f"{'' if line is None else f'line {line}: '}{type(error).__name__}: {text}"


def _line_in(error: BaseException, path: str) -> int | None:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return lines[-1] if lines else None


def _registered() -> tuple[tuple[str, str], ...]:
    return tuple((registry.noun, kind) for registry in REGISTRIES for kind in registry.kinds)


@contextmanager
def _restored_on_error() -> Iterator[None]:
    """Leave no half of a plugin behind that fails."""
    before = {id(registry): registry.kinds for registry in REGISTRIES}
    try:
        yield
    except InvalidPlugin:
        for registry in REGISTRIES:
            for kind in registry.kinds:
                if kind not in before[id(registry)]:
                    registry.remove(kind)
        raise


def defining_plugin(cls: type[KindSettings]) -> Plugin | None:
    """Return the loaded plugin that defines ``cls``; ``None`` for a built-in kind."""
    return next((plugin for plugin in _LOADED.values() if plugin.module.__name__ == cls.__module__), None)
