"""Read spaces and setups from YAML: shipped ones by name, others by path; all errors at once."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from search_spaces.plugins import load_plugin
from search_spaces.setting_errors import InvalidSpace, SettingError, did_you_mean, setting_errors
from search_spaces.settings import Settings
from search_spaces.setups import Setup
from search_spaces.shipped import ALIASES, setup_names, shipped_names, shipped_text
from search_spaces.space import Space

Model = TypeVar("Model", bound=Settings)


def load_space(name_or_path: str) -> Space:
    """Return the space of a shipped name or of a YAML file.

    The plugin files that it names are run first. Raises ``InvalidSpace`` for an unknown name, an unreadable
    file, malformed YAML or invalid values, and ``InvalidPlugin``.
    """
    return _load(name_or_path, "spaces", Space)


def load_setup(name_or_path: str) -> Setup:
    """Return the setup of a shipped name, of a YAML file, of folders of the user, or of downloaded sets.

    Folders are given as ``image_folder=PRIVATE,PUBLIC``, sets as ``celeba=FOLDER`` (private and public) or
    ``facescrub=FOLDER,ffhq=FOLDER`` (private, public). Raises ``InvalidSpace`` as ``load_space`` does.
    """
    if re.match(r"\w+=", name_or_path):
        return _setup_with_folders(name_or_path)
    return _load(ALIASES.get(name_or_path, name_or_path), "setups", Setup)


def _load(name_or_path: str, folder: str, model: type[Model]) -> Model:
    text, source = read_text(name_or_path, folder)
    value = _parse(text, source)
    if name_or_path not in shipped_names(folder):
        value = _with_plugins(value, Path(name_or_path).parent)
    return _validate(value, source, model, text)


def _with_plugins(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return ``value`` with absolute paths of its plugin files, which are run. Raises ``InvalidPlugin``."""
    names = value.get("plugins")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return value  # validation says what is wrong with it
    paths = [os.path.abspath(folder / Path(name).expanduser()) for name in names]
    for path in paths:
        load_plugin(path)
    return {**value, "plugins": paths}


def read_text(name_or_path: str, folder: str) -> tuple[str, str]:
    """Return the YAML text of a shipped space or setup, or of a file, and where it is from.

    ``folder`` is ``spaces`` or ``setups``. Raises ``InvalidSpace``.
    """
    if name_or_path in shipped_names(folder):
        return shipped_text(folder, name_or_path), f"{folder}/{name_or_path}.yaml"
    path = Path(name_or_path)
    if _is_name(name_or_path):
        raise InvalidSpace(_unknown_name(name_or_path, folder))
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except OSError as error:
        raise InvalidSpace(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidSpace(f"{path}: cannot be read: it is not text in UTF-8") from error


def _is_name(name_or_path: str) -> bool:
    """Return whether this means something shipped, not a YAML file."""
    return Path(name_or_path).suffix not in {".yaml", ".yml"}


def _unknown_name(name: str, folder: str) -> str:
    known = shipped_names(folder)
    shipped, hint = ", ".join(known), did_you_mean(name, known)
    return f"unknown {folder[:-1]} {name!r}: shipped are {shipped}; or give a path to a .yaml file.{hint}"


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, but a key written twice is an error instead of a silent last-one-wins."""


def _unique_mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = str(loader.construct_object(key_node))
        if key in seen:
            raise yaml.MarkedYAMLError(
                problem=f"key {key!r} is written twice", problem_mark=key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        # S506: the loader derives from SafeLoader, it builds plain values only.
        value = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise InvalidSpace(f"{source}: malformed YAML: {error}") from error
    if not isinstance(value, dict):
        raise InvalidSpace(f"{source}: expected a mapping of names to values, found {type(value).__name__}")
    return value


def _validate(value: dict[str, Any], source: str, model: type[Model], text: str) -> Model:
    errors = [*_unknown_setup(value)] if model is Space else []
    try:
        found = model.model_validate(value)
    except ValidationError as error:
        errors = [*setting_errors(error, model), *errors]
    if errors:
        raise InvalidSpace.of(source, errors).with_lines(text)
    return found


def _unknown_setup(value: dict[str, Any]) -> Iterator[SettingError]:
    """Look at the name of a space's setup, which is not opened before the space itself is right."""
    name, known = value.get("setup"), setup_names()
    folders = isinstance(name, str) and "=" in name
    if isinstance(name, str) and _is_name(name) and not folders and name not in (*known, *ALIASES):
        yield SettingError(
            "setup", f"no setup {name!r}; shipped are {', '.join(known)}.{did_you_mean(name, known)}"
        )


def _setup_with_folders(option: str) -> Setup:
    """Return the shipped setup of the first name in ``option``, on the folders that it names."""
    parts = (part.partition("=") for part in re.split(r",(?=\w+=)", option))
    folders = [(name, folder) for name, _, folder in parts]
    name = folders[0][0]
    base = load_setup(name) if name in setup_names() else None
    if base is None or not base.data.takes_folders:
        known = [each for each in setup_names() if load_setup(each).data.takes_folders]
        raise InvalidSpace(
            f"unknown private set {name!r}: there are {', '.join(known)}.{did_you_mean(name, known)}"
        )
    try:
        data = base.data.with_folders(folders)
    except ValueError as error:
        raise InvalidSpace(f"{option}: {error}") from error
    same = data.public_name == base.data.public_name
    return base.model_copy(update={"data": data, "name": name if same else f"{name}-{data.public_name}"})
