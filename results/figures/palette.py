"""A colour and a marker for each defence family, from its parts; fit for any colour vision.

The colour follows the parts that change what T learns from or answers (losses, pictures, outputs), the marker
those that change which T it is (freezing, network): products of one loss share its colour, products of one
freezing its marker. A part gets its place from its name, so pages agree on parts that nobody has seen before.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from results.defenses import NO_DEF, Defense
from results.paper import published_defenses
from results.statistics.summary import SweepSummary


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

ACCENT = ("#0072b2", "#56b4e9")
"""What a figure without families draws attention to."""

CONTROL = Style(*MUTED, "x", "x")
"""Rows of controls and of chance."""

_ANCHOR = Style("#1f2328", "#f2f4f6", "star", "*")
"""No-Def, which every defence is measured against."""

_PLAIN_COLOUR, *_COLOURS = (
    ACCENT,
    ("#d55e00", "#f0894a"),
    ("#009e73", "#35c9a0"),
    ("#a04090", "#dd9cc3"),
    ("#a87900", "#e6b93a"),
    ("#6a51a3", "#b3a2e0"),
    ("#6b2d5c", "#f0b8e0"),
    ("#56621a", "#b9c24a"),
    ("#7a6a53", "#c9b79c"),
)
"""After Okabe and Ito; the first one is that of families that change neither loss, pictures nor outputs."""

_PLAIN_MARKER, *_MARKERS = (
    ("square", "s"),
    ("circle", "o"),
    ("cross", "P"),
    ("triangle-up", "^"),
    ("triangle-down", "v"),
    ("diamond", "D"),
    ("pentagon", "p"),
    ("triangle-right", ">"),
    ("hexagon", "h"),
)
"""The first one is that of families that change neither which layers are trained nor the network."""

_COLOUR_SALT, _MARKER_SALT = 348, 4
"""Numbers with which the published defences get the first, best separated places."""

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


def sweep_styles(summary: SweepSummary) -> dict[str, Style]:
    """Return the style of each family of a sweep, and of the published ones, by kind."""
    return family_styles(summary.families.values())


def family_styles(defenses: Iterable[Defense]) -> dict[str, Style]:
    """Return the styles of families by kind, the published families among them.

    No two families share both colour and marker, up to 81 of them. Published families keep their styles
    whatever else there is; the others depend on which there are, not on their order.
    """
    published = {defense.drawn_as: defense.defense for defense in published_defenses()}
    families = published | {defense.kind: defense for defense in defenses}
    ordered = [*published, *sorted(families.keys() - published.keys(), key=_by_parts)]
    colour_keys = {kind: families[kind].kinds_at("loss", "pictures", "output") for kind in ordered}
    marker_keys = {kind: families[kind].kinds_at("freezing", "network") for kind in ordered}
    colours = _places(colour_keys.values(), len(_COLOURS), _COLOUR_SALT)
    markers = _places(marker_keys.values(), len(_MARKERS), _MARKER_SALT)
    wanted = {kind: (colours[colour_keys[kind]], markers[marker_keys[kind]]) for kind in ordered}
    styles = {kind: _style(*place) for kind, place in _without_twins(wanted).items()}
    return styles | {NO_DEF: _ANCHOR}


def _by_parts(kind: str) -> tuple[int, str]:
    return kind.count("+"), kind


def _places(keys: Iterable[tuple[str, ...]], count: int, salt: int) -> dict[tuple[str, ...], int]:
    """Return a place for each key: 0 for no part, else 1 to ``count``, named by its hash if that is free."""
    places: dict[tuple[str, ...], int] = {(): 0}
    for key in keys:
        if key not in places:
            first = hashlib.sha256(f"{salt}:{'+'.join(key)}".encode()).digest()[0]
            tried = [1 + (first + step) % count for step in range(count)]
            free = [place for place in tried if place not in places.values()]
            places[key] = (free or tried)[0]
    return places


def _without_twins(wanted: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Give a family whose place is taken the next free marker of its colour, else any free place."""
    places: dict[str, tuple[int, int]] = {}
    for kind, (colour, marker) in wanted.items():
        taken = set(places.values())
        others = [(colour, place) for place in _from(marker, len(_MARKERS) + 1)]
        others += [(other, place) for other in _from(colour, len(_COLOURS) + 1) for place in _from(marker, 9)]
        places[kind] = next((place for place in others if place not in taken), (colour, marker))
    return places


def _from(first: int, count: int) -> Sequence[int]:
    return [(first + step) % count for step in range(count)]


def _style(colour: int, marker: int) -> Style:
    return Style(*[_PLAIN_COLOUR, *_COLOURS][colour], *[_PLAIN_MARKER, *_MARKERS][marker])
