"""Working plugin files to start from, each with a test that inherits the contract."""

import keyword
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from orchestrator.errors import OWN_PACKAGES, InvalidRequest

NOUNS: Mapping[str, str] = {
    "defense": "a part of a defence: how T is built, trained or answers",
    "attack": "an attack: how pictures are rebuilt from T and a prior",
    "prior": "a prior: what an attacker knows of pictures",
    "evaluator": "an evaluator: who judges the pictures that an attack rebuilds",
    "dataset": "a data set: the pictures of D_priv and D_pub",
    "target": "a target: the network that T is",
}
"""What a skeleton can be of -> what that is."""


def write_skeleton(noun: str, name: str, folder: Path) -> tuple[Path, Path]:
    """Write ``<name>.py``, a working plugin, and ``test_<name>.py`` into ``folder``; return their paths.

    Raises ``InvalidRequest`` for a name that is no kind, and for files that are there already or cannot be
    written.
    """
    _check_name(name)
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in paths:
        if path.exists():
            raise InvalidRequest(f"{path} exists already; choose another name or folder")
    words = {"kind": name, "cls": "".join(word.capitalize() for word in name.split("_"))}
    texts = skeleton(noun, words), skeleton(f"test_{noun}", words)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, texts, strict=True):
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise InvalidRequest(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    return paths


def skeleton(template: str, words: Mapping[str, str]) -> str:
    """Return the text of ``templates/<template>.txt`` with ``$kind`` and ``$cls`` filled in."""
    text = (files(__name__) / "templates" / f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or keyword.iskeyword(name):
        raise InvalidRequest(
            f"name {name!r}: a kind is lower case letters, digits and _, and begins with a letter"
        )
    if name in OWN_PACKAGES | {"tldmi_sweep", "conftest", "test"}:
        raise InvalidRequest(f"name {name!r}: a file of this name would hide a package; choose another")
