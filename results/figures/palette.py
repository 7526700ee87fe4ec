"""One colour and one marker for each defence family, after Okabe and Ito: fit for any colour vision.

No two families share a marker, so that a copy in grey can be read as well.
"""

from collections.abc import Iterable
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


SYMBOL_PATHS = {
    "star": "M8 0.8 10 6H15.4L11 9.2 12.7 14.6 8 11.4 3.3 14.6 5 9.2 0.6 6H6Z",
    "square": "M2.5 2.5H13.5V13.5H2.5Z",
    "circle": "M8 2A6 6 0 1 1 8 14 6 6 0 1 1 8 2Z",
    "triangle-up": "M8 1.8 15 14H1Z",
    "triangle-down": "M8 14.2 1 2H15Z",
    "triangle-right": "M14.2 8 2 15V1Z",
    "pentagon": "M8 1.2 14.8 6.2 12.2 14.2H3.8L1.2 6.2Z",
    "diamond": "M8 0.8 15.2 8 8 15.2 0.8 8Z",
    "cross": "M5.5 1H10.5V5.5H15V10.5H10.5V15H5.5V10.5H1V5.5H5.5Z",
    "x": "M3.5 1 8 5.5 12.5 1 15 3.5 10.5 8 15 12.5 12.5 15 8 10.5 3.5 15 1 12.5 5.5 8 1 3.5Z",
    "hexagon": "M8 1 14.1 4.5V11.5L8 15 1.9 11.5V4.5Z",
}
"""Marker -> its outline in a square of 16, for legends and tables."""


def styles_of(defenses: Iterable[str]) -> dict[str, Style]:
    """Return the styles of some families by name."""
    return {defense: style_of(defense) for defense in sorted(defenses)}


def style_of(defense: str) -> Style:
    """Return the style of a defence family; families without one of their own share the last."""
    return _STYLES.get(defense, _OTHER)
