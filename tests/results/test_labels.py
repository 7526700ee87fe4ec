"""Every defence has its name, its parameters in a few characters, and a marker that no other has."""

from typing import get_args

import pytest

from results.figures.palette import CONTROL, style_of
from results.labels import configuration_label, defense_name
from search_spaces.defenses import DefenseSettings

MEMBERS = get_args(get_args(DefenseSettings)[0])
KINDS = [member.model_fields["kind"].default for member in MEMBERS]
GROUNDS = {"light": (1.0, 1.0, 1.0), "dark": (0.06, 0.07, 0.09)}

LABELS = [
    ({"defense": "mid", "lambda_mid": 0.003, "prediction": "sampled"}, "MID (λ 0.003)"),
    ({"defense": "mid", "lambda_mid": 0.0, "prediction": "mean"}, "MID (λ 0, mean prediction)"),
    ({"defense": "bido_coco", "lambda_x": 5.0, "lambda_y": 50.0}, "BiDO-COCO (λx 5, λy 50)"),
    ({"defense": "layer_wise", "trainable": "first+last"}, "Layer-wise (trained first+last)"),
    ({"defense": "layer_wise", "trainable": ("first", "last")}, "Layer-wise (trained first+last)"),
    (
        {"defense": "tl_dmi+mid", "freeze_depth": 7, "lambda_mid": 0.01, "frozen_bn": "eval"},
        "TL-DMI + MID (depth 7, λ 0.01, frozen BN in eval)",
    ),
    ({"defense": "no_def", "variant": "from scratch"}, "No-Def (from scratch)"),
]


@pytest.mark.parametrize(("row", "label"), LABELS)
def test_labels_say_the_defence_and_its_parameters(row: dict[str, object], label: str) -> None:
    assert configuration_label(row) == label


@pytest.mark.parametrize("kind", KINDS)
def test_every_defence_has_a_published_name(kind: str) -> None:
    assert "_" not in defense_name(kind)


def test_no_two_families_share_a_marker_in_either_figure() -> None:
    styles = [*(style_of(kind) for kind in KINDS), CONTROL]
    for name in ("symbol", "marker", "light", "dark"):
        assert len({getattr(style, name) for style in styles}) == len(styles), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_markers_stand_out_from_the_ground(kind: str, ground: str) -> None:
    """Contrast of at least 3:1, what WCAG 2.1 asks of graphics."""
    colour = getattr(style_of(kind), ground)
    pair = sorted([luminance(rgb(colour)), luminance(GROUNDS[ground])])
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
