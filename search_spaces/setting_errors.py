"""What is wrong with settings: where, on which line, what was found, what is allowed, what may be meant."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml
from pydantic import ValidationError

from search_spaces.allowed import allowed_at


@dataclass(frozen=True)
class SettingError:
    """One thing that is wrong with settings."""

    where: str
    """Dotted path to the setting; an item of a list by its index and kind."""
    message: str
    line: int | None = None
    """Line of the file, from 1; None for settings that are not from a file."""

    def __str__(self) -> str:
        """Return one indented line."""
        line = "" if self.line is None else f"line {self.line}: "
        return f"  {line}{self.where or '(whole file)'}: {self.message}"


class InvalidSpace(ValueError):
    """A space or setup that cannot be used; the message lists every error with its path."""

    def __init__(self, message: str, errors: Sequence[SettingError] = ()) -> None:
        super().__init__("\n".join([message, *map(str, errors)]))
        self.title = message
        self.errors = tuple(errors)

    @classmethod
    def of(cls, source: str, errors: Sequence[SettingError]) -> "InvalidSpace":
        """Return the error that lists ``errors`` of ``source`` (a file, an option) under their number.

        >>> print(InvalidSpace.of("mine.yaml", [SettingError("seed", "is missing")]))
        mine.yaml: 1 error:
          seed: is missing
        """
        return cls(f"{source}: {len(errors)} error{'' if len(errors) == 1 else 's'}:", errors)

    def with_lines(self, text: str) -> "InvalidSpace":
        """Return the same error with the lines of its settings in the YAML ``text``, in their order."""
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        found = [replace(one, line=_line(node, one.where.split("."))) for one in self.errors]
        return InvalidSpace(self.title, sorted(found, key=lambda one: one.line or 0))


def setting_errors(error: ValidationError, model: type | None = None) -> list[SettingError]:
    """Return the errors of a validation of ``model``, each with what its fields allow."""
    return [
        SettingError(_path(item["loc"]), _message(item, model)) for item in error.errors(include_url=False)
    ]


def _path(location: Sequence[int | str]) -> str:
    """Return the dotted path of a place; settings of a kind that stand under its name have it once."""
    parts = [part for part, before in zip(location, (None, *location), strict=False) if part != before]
    return ".".join(map(str, parts))


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a sentence that names what ``name`` may have been meant for, or an empty string.

    >>> did_you_mean("tl_dim", ["no_def", "tl_dmi"])
    " Did you mean 'tl_dmi'?"
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f" Did you mean {near[0]!r}?" if near else ""


def _message(item: Mapping[str, Any], model: type | None) -> str:
    location, kind = item["loc"], item["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden" and model is not None:
        known = allowed_at(model, location[:-1])
        if (hint := _hash_beside_file(str(location[-1]), known)) is not None:
            return hint
        return f"no such setting; there are {', '.join(known)}.{did_you_mean(str(location[-1]), known)}"
    if kind == "union_tag_not_found" and model is not None:
        return f"kind is missing; there are {', '.join(allowed_at(model, location))}"
    if kind == "union_tag_invalid":
        return _unknown_kind(item["ctx"])
    text = item["msg"].removeprefix("Value error, ")
    return f"{text}{_found(item)}{_meant(item)}"


def _hash_beside_file(name: str, known: Sequence[str]) -> str | None:
    """Return how a hash is written that stood beside its file in earlier versions; else ``None``."""
    file = name.removesuffix("_sha256")
    if file == name or file not in known:
        return None
    return f"the hash stands with its file: write {file}: {{path: FILE, sha256: HASH}}"


def _unknown_kind(context: Mapping[str, Any]) -> str:
    known = _quoted(context["expected_tags"])
    return f"no kind {context['tag']!r}; there are {', '.join(known)}.{did_you_mean(context['tag'], known)}"


def _found(item: Mapping[str, Any]) -> str:
    value = item.get("input")
    return f" (found {value!r})" if isinstance(value, str | int | float | bool) else ""


def _meant(item: Mapping[str, Any]) -> str:
    """Return the nearest of the choices that would have been right."""
    value, expected = item.get("input"), item.get("ctx", {}).get("expected")
    if isinstance(value, dict) and len(value) == 1 and item["type"] == "range":
        return did_you_mean(str(next(iter(value))), re.findall(r"{(\w+):", item["msg"]))
    return (
        did_you_mean(value, _quoted(expected)) if isinstance(value, str) and isinstance(expected, str) else ""
    )


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']+)'", text)


def _line(node: yaml.Node | None, path: Sequence[str]) -> int | None:
    """Return the line, from 1, of the setting under ``path``, or of the innermost group around it.

    Parts of ``path`` that the file does not hold (an item's kind, a name that is missing) are passed over.
    """
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for part in path:
        inner = _entered(node, part)
        if inner is not None:
            line, node = inner
    return line


def _entered(node: yaml.Node, part: str) -> tuple[int, yaml.Node] | None:
    """Return the line at which ``part`` of a group or list begins, and what is there."""
    if isinstance(node, yaml.SequenceNode):
        inside = part.isdigit() and int(part) < len(node.value)
        return (node.value[int(part)].start_mark.line + 1, node.value[int(part)]) if inside else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
        merged = (value for key, value in node.value if key.value == "<<")
        return next(filter(None, (_entered(value, part) for value in merged)), None)
    return None
