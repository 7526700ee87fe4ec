"""The files of weights that LOMMA's students start from: found, and pinned by hash when a sweep starts."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search_spaces.attacks import LOMMA, AttackSettings
from search_spaces.image_quality import WeightsUnusable
from search_spaces.sweep import Sweep

SETTING = "student_weights"


def with_pinned_students(sweep: Sweep) -> Sweep:
    """Return ``sweep`` with absolute paths and hashes of the weights its attacks' students start from.

    Those of the space and those of the setup's budgets. Raises ``WeightsUnusable``.
    """
    attacks = tuple(_pinned_attack(attack) for attack in sweep.space.attacks)
    budgets = {kind: _pinned_budget(budget) for kind, budget in sweep.setup.attack_budgets.items()}
    if attacks == sweep.space.attacks and budgets == sweep.setup.attack_budgets:
        return sweep
    space = sweep.space.model_copy(update={"attacks": attacks})
    setup = sweep.setup.model_copy(update={"attack_budgets": budgets})
    return sweep.model_copy(update={"space": space, "setup": setup})


def pinned(lomma: LOMMA) -> LOMMA:
    """Return ``lomma`` with an absolute path and the hash of the files that its students read.

    Raises ``WeightsUnusable`` when one cannot be read, or when they are others than the given hash says.
    """
    if lomma.student_weights is None:
        return lomma
    networks = sorted(set(lomma.students) - {"small"})
    found = require_files(lomma.student_weights, networks, lomma.student_weights_sha256)
    place = str(Path(lomma.student_weights).absolute())
    return lomma.model_copy(update={SETTING: place, f"{SETTING}_sha256": found})


def require_files(folder: str, networks: Sequence[str], sha256: str | None) -> str | None:
    """Return the SHA-256 of names and contents of the files of ``networks``, ``None`` without any.

    Raises ``WeightsUnusable`` when one cannot be read, or when they are others than ``sha256`` says.
    """
    lines = [f"{network} {file_hash(folder, network)}\n" for network in networks]
    found = hashlib.sha256("".join(lines).encode()).hexdigest() if lines else None
    if sha256 not in (None, found):
        raise WeightsUnusable(
            f"{SETTING}: {folder} does not hold the files meant: their hash is {found}, not "
            f"{sha256}; give the right folder, or leave the hash out to take this one"
        )
    return found


def file_hash(folder: str, network: str) -> str:
    """Return the SHA-256 of the weights of ``network`` in ``folder``. Raises ``WeightsUnusable``."""
    try:
        with weights_file(folder, network).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsUnusable(
            f"{SETTING} {folder}: {network}.safetensors cannot be read ({error.strerror}); put "
            f"torchvision's weights of {network} there, or leave {SETTING} out to start from scratch"
        ) from error


def weights_file(folder: str, network: str) -> Path:
    """Return where the weights of ``network`` lie."""
    return Path(folder) / f"{network}.safetensors"


def _pinned_attack(attack: AttackSettings) -> AttackSettings:
    lomma = getattr(attack, "lomma", None)
    if not isinstance(lomma, LOMMA) or lomma.student_weights is None:
        return attack  # as it is: what a space leaves out is the setup's to say
    return attack.model_copy(update={"lomma": pinned(lomma)})


def _pinned_budget(budget: Mapping[str, Any]) -> dict[str, Any]:
    given = budget.get("lomma")
    if not isinstance(given, Mapping) or SETTING not in given:
        return dict(budget)
    try:
        lomma = pinned(LOMMA.model_validate(given))
    except ValidationError:
        return dict(budget)  # the check of the sweep says what is wrong with it
    return {**budget, "lomma": lomma.model_dump(mode="json", exclude_unset=True)}
