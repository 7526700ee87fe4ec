"""How defences, attacks and configurations are called in tables and figures."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

_DEFENSES = {
    "no_def": "No-Def",
    "mid": "MID",
    "bido_coco": "BiDO-COCO",
    "bido_hsic": "BiDO-HSIC",
    "tl_dmi": "TL-DMI",
    "layer_wise": "Layer-wise",
}
_ATTACKS = {"brepmi": "BREP-MI", "lomma_gmi": "LOMMA-GMI", "lomma_kedmi": "LOMMA-KEDMI"}
_CONTROLS = {"permuted_labels": "T trained on permuted labels", "untrained": "T untrained"}


def defense_name(kind: str) -> str:
    """Return the published name of a defence, hybrids joined by a plus.

    >>> defense_name("tl_dmi+bido_hsic")
    'TL-DMI + BiDO-HSIC'
    """
    return " + ".join(_DEFENSES.get(part, part) for part in kind.split("+"))


def attack_name(kind: str) -> str:
    """Return the published name of an attack.

    >>> attack_name("gmi")
    'GMI'
    """
    return _ATTACKS.get(kind, kind.upper())


PARAMETERS = {
    "freeze_depth": "freeze depth",
    "lambda_x": "λx",
    "lambda_y": "λy",
    "lambda_y_ratio": "λy/λx",
    "lambda_mid": "λ",
    "trainable": "trained groups",
}
"""Parameters of defences as they are written."""


def searched_name(name: str) -> str:
    """Return a searched parameter in words.

    >>> searched_name("tl_dmi+bido_hsic.lambda_y_ratio"), searched_name("defense")
    ('TL-DMI + BiDO-HSIC: λy/λx', 'Choice of the defence')
    """
    kind, dot, parameter = name.rpartition(".")
    if not dot:
        return "Choice of the defence" if name == "defense" else PARAMETERS.get(name, name)
    return f"{defense_name(kind)}: {PARAMETERS.get(parameter, parameter)}"


def control_name(kind: str) -> str:
    """Return what a control's T has learnt, in words."""
    return _CONTROLS.get(kind, kind)


def parameters_text(row: Mapping[str, Any]) -> str:
    """Return the parameters of a defence that are set in ``row``, in a few characters.

    >>> parameters_text({"freeze_depth": 9, "lambda_x": 0.05, "lambda_y": 0.5, "frozen_bn": "train"})
    'depth 9, λx 0.05, λy 0.5'
    >>> parameters_text({"trainable": "first+last"}), parameters_text({"lambda_mid": 0.003})
    ('trained first+last', 'λ 0.003')
    """
    parts = []
    if row.get("trainable"):
        parts.append(f"trained {_joined(row['trainable'])}")
    if row.get("freeze_depth") is not None:
        parts.append(f"depth {row['freeze_depth']}")
    for key, symbol in (("lambda_mid", "λ"), ("lambda_x", "λx"), ("lambda_y", "λy")):
        if row.get(key) is not None:
            parts.append(f"{symbol} {row[key]:.3g}")
    if row.get("prediction") == "mean":
        parts.append("mean prediction")
    if row.get("frozen_bn") == "eval":
        parts.append("frozen BN in eval")
    return ", ".join([*parts, *([row["variant"]] if row.get("variant") else [])])


def pretrained_text(pretrained: str | None) -> str:
    """Return in words what T started from; of a file, its name alone.

    >>> pretrained_text("/data/facescrub.safetensors"), pretrained_text(None)
    ('from facescrub.safetensors', 'from scratch')
    """
    return f"from {PurePath(pretrained).name}" if pretrained else "from scratch"


def _joined(groups: str | Sequence[str]) -> str:
    return groups if isinstance(groups, str) else "+".join(groups)


def configuration_heading(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the defence, or ``Control``, and its parameters.

    >>> configuration_heading({"defense": "tl_dmi", "freeze_depth": 9})
    ('TL-DMI', 'depth 9')
    """
    if (row.get("control") or "none") != "none":
        return "Control", control_name(row["control"])
    return defense_name(row.get("defense") or "unknown defence"), parameters_text(row)


def configuration_label(row: Mapping[str, Any]) -> str:
    """Return the defence and its parameters in one phrase.

    >>> configuration_label({"defense": "tl_dmi", "freeze_depth": 9})
    'TL-DMI (depth 9)'
    """
    name, note = configuration_heading(row)
    return f"{name} ({note})" if note else name
