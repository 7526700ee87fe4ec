"""One colour and one marker for each defence family, after Okabe and Ito: fit for any colour vision.

No two families share a marker, so that a copy in grey can be read as well.
"""

from typing import NamedTuple


class Style(NamedTuple):
    """Colours on a light and a dark ground, and the marker in plotly's and matplotlib's names."""

    light: str
    dark: str
    symbol: str
    marker: str


INK = ("#1f2328", "#e6e8eb")
"""Text and lines, on a light and a dark ground."""

MUTED = ("#6b7280", "#9aa3ad")
"""Secondary text, axes and the lines of chance and control."""

_STYLES = {
    "no_def": Style("#1f2328", "#f2f4f6", "star", "*"),
    "bido_hsic": Style("#d55e00", "#f0894a", "square", "s"),
    "tl_dmi": Style("#0072b2", "#56b4e9", "circle", "o"),
    "tl_dmi+bido_hsic": Style("#009e73", "#35c9a0", "triangle-up", "^"),
    "bido_coco": Style("#a87900", "#e6b93a", "pentagon", "p"),
    "mid": Style("#b0578d", "#dd9cc3", "diamond", "D"),
    "tl_dmi+bido_coco": Style("#6a51a3", "#b3a2e0", "triangle-down", "v"),
    "tl_dmi+mid": Style("#6b2d5c", "#f0b8e0", "triangle-right", ">"),
    "layer_wise": Style("#56621a", "#b9c24a", "cross", "P"),
}
CONTROL = Style(MUTED[0], MUTED[1], "x", "x")
"""Rows of controls and of chance."""

_OTHER = Style("#7a6a53", "#c9b79c", "hexagon", "h")


def style_of(defense: str) -> Style:
    """Return the style of a defence family; families without one of their own share the last."""
    return _STYLES.get(defense, _OTHER)
