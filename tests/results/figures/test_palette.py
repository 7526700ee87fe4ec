"""Families keep apart by colour and marker, for any number of parts, known or not."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from results.defenses import Defense, Part
from results.figures.palette import CONTROL, INK, SYMBOL_PATHS, Style, family_styles

STAGES = {
    "mid": "loss",
    "bido_hsic": "loss",
    "bido_coco": "loss",
    "tl_dmi": "freezing",
    "layer_wise": "freezing",
    "mine": "loss",
    "rolss": "network",
    "random_erasing": "pictures",
    "rounding": "output",
}
TODAY = (
    "no_def",
    *("mid", "bido_hsic", "bido_coco", "tl_dmi", "layer_wise"),
    *("tl_dmi+mid", "tl_dmi+bido_hsic", "tl_dmi+bido_coco"),
)
NEW = ("tl_dmi+mine", "rolss+bido_hsic", "tl_dmi+random_erasing", "bido_hsic+rounding", "rolss+tl_dmi+mine")
GROUNDS = {"light": (1.0, 1.0, 1.0), "dark": (0.06, 0.07, 0.09)}
PROTANOPIA = [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]
DEUTERANOPIA = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]


def defense(kind: str) -> Defense:
    parts = () if kind == "no_def" else tuple(Part(name, name, STAGES[name]) for name in kind.split("+"))
    return Defense(kind, parts)


def styles(kinds: Sequence[str]) -> dict[str, Style]:
    return family_styles(map(defense, kinds))


@pytest.mark.parametrize("kinds", [TODAY, (*TODAY[:7], *NEW), (*TODAY, *NEW)])
def test_no_two_families_of_a_page_look_alike(kinds: tuple[str, ...]) -> None:
    found = [styles(kinds)[kind] for kind in kinds] + [CONTROL]
    for ground in GROUNDS:
        assert len({(getattr(style, ground), style.symbol) for style in found}) == len(found)
    assert len({(style.light, style.marker) for style in found}) == len(found)
    assert {style.symbol for style in found} <= SYMBOL_PATHS.keys()


def test_products_have_the_colour_of_their_loss_and_the_marker_of_their_freezing() -> None:
    found = styles((*TODAY, *NEW))
    for loss in ("mid", "bido_hsic", "bido_coco"):
        assert found[f"tl_dmi+{loss}"].light == found[loss].light
        assert found[f"tl_dmi+{loss}"].symbol == found["tl_dmi"].symbol
    assert found["tl_dmi+mine"].symbol == found["tl_dmi"].symbol
    assert found["rolss+bido_hsic"].light == found["bido_hsic"].light
    assert found["tl_dmi+random_erasing"].light != found["tl_dmi"].light


def test_styles_depend_neither_on_the_order_nor_change_for_families_that_were_there() -> None:
    kinds = (*TODAY, *NEW)
    assert styles(kinds) == styles(kinds[::-1])
    printed = ("no_def", "mid", "bido_hsic", "bido_coco", "tl_dmi", "tl_dmi+bido_hsic")
    alone, together = styles(TODAY), styles(kinds)
    assert all(alone[kind] == together[kind] for kind in printed)


def test_forty_families_that_nobody_has_seen_are_all_different() -> None:
    freezing = [Part(f"freeze_{number}", "", "freezing") for number in range(4)]
    losses = [Part(f"loss_{number}", "", "loss") for number in range(10)]
    families = [Defense(f"{one.kind}+{two.kind}", (one, two)) for one, two in product(freezing, losses)]
    found = family_styles(families)
    assert len({found[family.kind] for family in families}) == 40


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("matrix", [PROTANOPIA, DEUTERANOPIA])
def test_colours_stay_apart_for_people_who_see_no_red_or_green(
    ground: str, matrix: list[list[float]]
) -> None:
    """Simulated with the usual linear maps; distance in linear RGB."""
    found = styles(TODAY)
    colours = sorted({getattr(found[kind], ground) for kind in TODAY})
    seen = linear(colours) @ np.array(matrix).T
    assert min(float(np.linalg.norm(one - two)) for one, two in combinations(seen, 2)) > 0.12
    assert len(colours) == 5


@pytest.mark.parametrize("ground", GROUNDS)
def test_markers_stand_out_from_the_ground(ground: str) -> None:
    """Contrast of at least 3:1, what WCAG 2.1 asks of graphics."""
    losses = [Defense(f"loss_{number}", (Part(f"loss_{number}", "", "loss"),)) for number in range(20)]
    found = family_styles([*map(defense, TODAY), *losses])
    colours = {getattr(style, ground) for style in (*found.values(), CONTROL)}
    assert len(colours) >= 9
    for colour in colours:
        pair = sorted([luminance(linear([colour])[0]), luminance(np.array(GROUNDS[ground]) ** 2.2)])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3


def test_no_def_is_drawn_in_the_colour_of_text() -> None:
    assert styles(TODAY)["no_def"].light == INK[0]


def linear(colours: Sequence[str]) -> NDArray[np.float64]:
    parts = [[int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)] for colour in colours]
    return np.array(parts) ** 2.2


def luminance(colour: NDArray[np.float64]) -> float:
    return float(colour @ np.array([0.2126, 0.7152, 0.0722]))
