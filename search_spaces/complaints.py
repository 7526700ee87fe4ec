"""What is wrong with settings, a line an error: where, what, what was found, what may have been meant."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError


def error_lines(error: ValidationError) -> list[str]:
    """Return one indented line for each error of a validation."""
    return [f"  {_where(item['loc'])}: {item['msg']}{_found(item)}{_meant(item)}" for item in error.errors()]


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a sentence that names what ``name`` may have been meant for, or nothing.

    >>> nearest("tl_dim", ["no_def", "tl_dmi"])
    " Did you mean 'tl_dmi'?"
    """
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f" Did you mean {near[0]!r}?" if near else ""


def _where(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location) or "(whole file)"


def _found(item: Mapping[str, Any]) -> str:
    value = item.get("input")
    return f" (found {value!r})" if isinstance(value, str | int | float | bool) else ""


def _meant(item: Mapping[str, Any]) -> str:
    """Return the nearest of the names that would have been right: kinds, or choices of a setting."""
    context = item.get("ctx", {})
    name = context.get("tag") if item["type"] == "union_tag_invalid" else item.get("input")
    expected = context.get("expected_tags") or context.get("expected")
    if not isinstance(name, str) or not isinstance(expected, str):
        return ""
    return nearest(name, re.findall(r"'([^']+)'", expected))
