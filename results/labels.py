"""How attacks, controls and configurations are called in tables and figures."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from results.defenses import Defense, read_defense

_ATTACKS = {"brepmi": "BREP-MI", "lomma_gmi": "LOMMA-GMI", "lomma_kedmi": "LOMMA-KEDMI"}
_CONTROLS = {"permuted_labels": "trained on permuted labels", "untrained": "untrained"}


def attack_name(kind: str) -> str:
    """Return the published name of an attack.

    >>> attack_name("gmi")
    'GMI'
    """
    return _ATTACKS.get(kind, kind.upper())


def attack_label(row: Mapping[str, Any]) -> str:
    """Return the published name of the attack of a row of attacks.

    >>> attack_label({"attack": "mine", "attack_label": "My attack"})
    'My attack'
    """
    return str(row.get("attack_label") or attack_name(row["attack"]))


def searched_name(name: str, families: Mapping[str, Defense]) -> str:
    """Return a searched parameter, ``<family>.<parameter>`` or ``defense``, in words.

    >>> searched_name("defense", {}), searched_name("tl_dmi.freeze_depth", {})
    ('Choice of the defence', 'tl_dmi: freeze_depth')
    """
    kind, _, parameter = name.partition(".")
    if not parameter:
        return "Choice of the defence" if name == "defense" else name
    family = families.get(kind)
    return f"{family.name}: {family.searched_label(parameter)}" if family else f"{kind}: {parameter}"


def control_name(kind: str) -> str:
    """Return in words how the target of a control is made."""
    return _CONTROLS.get(kind, kind)


def pretrained_text(pretrained: str | None) -> str:
    """Return in words what T started from; of a file, its name alone.

    >>> pretrained_text("/data/facescrub.safetensors"), pretrained_text(None)
    ('from facescrub.safetensors', 'from scratch')
    """
    return f"from {PurePath(pretrained).name}" if pretrained else "from scratch"


def heading(defense: Defense, control: str | None, variant: str | None = None) -> tuple[str, str]:
    """Return the defence, or ``Control``, and its parameters.

    ``variant`` tells this T from the others of the sweep beside its defence.

    >>> heading(Defense("no_def"), None, "from scratch"), heading(Defense("no_def"), "untrained")
    (('No-Def', 'from scratch'), ('Control', 'T untrained'))
    """
    if control is not None and control != "none":
        return "Control", f"T {control_name(control)}" if control in _CONTROLS else control
    return defense.name, ", ".join(part for part in (defense.text, variant) if part)


def label_of(defense: Defense, control: str | None, variant: str | None = None) -> str:
    """Return the heading in one phrase.

    >>> label_of(Defense("no_def"), None, "from scratch")
    'No-Def (from scratch)'
    """
    name, note = heading(defense, control, variant)
    return f"{name} ({note})" if note else name


def configuration_label(row: Mapping[str, Any]) -> str:
    """Return the defence and its parameters of a row of targets or attacks, or the name of a control.

    >>> configuration_label({"defense": "no_def"})
    'No-Def'
    """
    return label_of(read_defense(row), row.get("control"))
