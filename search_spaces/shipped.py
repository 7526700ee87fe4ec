"""The spaces and setups that come with the program: their names and their YAML."""

from importlib import resources
from importlib.resources.abc import Traversable

ALIASES = {"dicebear": "drawn_persons", "embedded": "orl_faces"}
"""Other names of shipped setups."""


def space_names() -> list[str]:
    """Return the names of the shipped spaces, sorted."""
    return shipped_names("spaces")


def setup_names() -> list[str]:
    """Return the names of the shipped setups, sorted."""
    return shipped_names("setups")


def shipped_names(folder: str) -> list[str]:
    """Return the names of what is shipped in ``spaces`` or ``setups``, sorted."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in _shipped(folder).iterdir()
        if entry.name.endswith(".yaml")
    )


def shipped_text(folder: str, name: str) -> str:
    """Return the YAML text of a shipped space (``folder`` = ``spaces``) or setup (``setups``)."""
    return _shipped(folder).joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def _shipped(folder: str) -> Traversable:
    return resources.files("search_spaces").joinpath(folder)
