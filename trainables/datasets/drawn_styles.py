"""The styles of drawn persons: what makes a person, and what varies between pictures of one person.

A person is one trait of every factor. Traits are named by attributes that a picture shows, so that two
persons with the same attributes would be the same person. Variant names and options are DiceBear's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Options = Mapping[str, Any]
"""DiceBear options: ``{"hairVariant": ["bob"], "hairColor": ["#2c1b18"], ...}``."""


@dataclass(frozen=True)
class Trait:
    """Attributes of a person and the options that draw them."""

    attributes: Mapping[str, str]
    options: Options


Factor = tuple[Trait, ...]


@dataclass(frozen=True)
class DrawnStyle:
    """One DiceBear style; components and colours that are named nowhere have a single variant."""

    factors: tuple[Factor, ...]
    nuisance_components: tuple[str, ...]
    """Components whose variant is drawn anew for each picture."""
    nuisance_colors: tuple[str, ...] = ()
    """Colours drawn anew for each picture."""
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Variants of nuisance components that are not used (hearts for eyes and the like)."""
    fixed: Options = field(default_factory=dict)
    """Options that are the same in all pictures."""


def _color(options: Sequence[str], value: str) -> Options:
    return {f"{option}Color": [value] for option in options}


def _colors(attribute: str, options: Sequence[str], values: Mapping[str, str]) -> Factor:
    """Return one trait per named colour; the colour is given to all ``options``."""
    return tuple(Trait({attribute: name}, _color(options, value)) for name, value in values.items())


def _variants(attribute: str, component: str, names: str) -> Factor:
    """Return one trait per variant of a component, named in one text; ``none`` leaves the component out."""
    return tuple(Trait({attribute: name}, _variant(component, name)) for name in names.split())


def _variant(component: str, value: str) -> Options:
    if value == "none":
        return {f"{component}Probability": 0}
    return {f"{component}Variant": [value], f"{component}Probability": 100}


def _each_with_each(left: Factor, right: Factor) -> Factor:
    return tuple(
        Trait({**one.attributes, **other.attributes}, {**one.options, **other.options})
        for one in left
        for other in right
    )


def _with(traits: Factor, attributes: Mapping[str, str], options: Options) -> Factor:
    """Return the traits with further attributes and options."""
    return _each_with_each(traits, (Trait(attributes, options),))


# No brown hair: it would hardly show on two of the skins.
_HAIR_COLORS = {
    "black": "#2c1b18",
    "blue": "#5199e4",
    "blonde": "#d6b370",
    "red": "#c93305",
    "silver": "#e8e1e1",
    "pink": "#f59797",
}
_HAT_COLORS = {
    "black": "#262e33",
    "blue": "#5199e4",
    "red": "#ff5c5c",
    "green": "#a7ffc4",
    "yellow": "#ffffb1",
    "white": "#ffffff",
}
_SKINS = {
    "dark": "#614335",
    "brown": "#ae5d29",
    "tan": "#d08b5b",
    "light": "#edb98a",
    "pale": "#ffdbb4",
    "yellow": "#f8d25c",
}


def _avataaars() -> DrawnStyle:
    hair = _variants(
        "hair",
        "top",
        "bigHair bob bun curvy dreads dreads02 frida frizzle fro longButNotTooLong shaggyMullet shavedSides "
        "shortFlat shortWaved sides straightAndStrand",
    )
    headwear = _variants("hair", "top", "hat hijab turban winterHat03")
    bare = _each_with_each(hair, _colors("hair_color", ["hair", "facialHair"], _HAIR_COLORS))
    covered = _each_with_each(headwear, _colors("hat_color", ["hat"], _HAT_COLORS))
    hidden_hair = _color(["hair", "facialHair"], _HAIR_COLORS["black"])
    return DrawnStyle(
        factors=(
            _with(bare, {"hat_color": "none"}, {}) + _with(covered, {"hair_color": "covered"}, hidden_hair),
            _colors("skin", ["skin"], _SKINS),
            _variants("glasses", "accessories", "none round sunglasses eyepatch"),
            _variants("facial_hair", "facialHair", "none beardMajestic beardMedium moustacheMagnum"),
        ),
        nuisance_components=("mouth", "eyes", "eyebrows", "clothes", "clothesGraphic"),
        nuisance_colors=("clothes",),
        left_out={"mouth": ("vomit",), "eyes": ("hearts", "xDizzy", "cry")},
        fixed=_color(["accessories"], "#262e33"),
    )


def _toon_head() -> DrawnStyle:
    skins = {"dark": "#5c3829", "brown": "#a36b4f", "tan": "#c68e7a", "light": "#f1c3a5"}
    return DrawnStyle(
        factors=(
            _variants("hair", "hair", "bun sideComed spiky undercut"),
            _variants("rear_hair", "rearHair", "none longStraight longWavy neckHigh shoulderHigh"),
            _colors("hair_color", ["hair"], _HAIR_COLORS),
            _colors("skin", ["skin"], skins),
            _variants("facial_hair", "beard", "none chin fullBeard longBeard moustacheTwirl"),
        ),
        nuisance_components=("mouth", "eyes", "eyebrows", "clothes"),
        nuisance_colors=("clothes",),
    )


def _adventurer() -> DrawnStyle:
    skins = {"dark": "#763900", "brown": "#9e5622", "tan": "#ecad80", "light": "#f2d3b1"}
    return DrawnStyle(
        factors=(
            _variants(
                "hair",
                "hair",
                "long01 long03 long06 long10 long13 long15 long16 long18 long20 long22 long26 "
                "short01 short03 short04 short12 short13 short15 short16 short18 short19",
            ),
            _colors("hair_color", ["hair"], _HAIR_COLORS),
            _colors("skin", ["skin"], skins),
            _variants("glasses", "glasses", "none variant01 variant02 variant04"),
            _variants("facial_hair", "details", "none mustache"),
        ),
        nuisance_components=("mouth", "eyes", "eyebrows"),
        fixed=_variant("earrings", "none"),
    )


def _lorelei() -> DrawnStyle:
    numbers = (1, 4, 5, 8, 10, 14, 15, 17, 18, 20, 24, 25, 26, 27, 31, 34, 35, 36, 39, 45)
    return DrawnStyle(
        factors=(
            _variants("hair", "hair", " ".join(f"variant{number:02d}" for number in numbers)),
            _colors("hair_color", ["hair"], _HAIR_COLORS),
            _colors("skin", ["skin"], _SKINS),
            _variants("glasses", "glasses", "none variant01 variant02 variant03"),
            _variants("facial_hair", "beard", "none variant01"),
        ),
        nuisance_components=("mouth", "eyes", "eyebrows"),
        fixed={
            **_variant("head", "variant01"),
            **_variant("nose", "variant01"),
            **_variant("earrings", "none"),
            **_variant("freckles", "none"),
            **_variant("hairAccessories", "none"),
        },
    )


STYLES: dict[str, DrawnStyle] = {
    "avataaars": _avataaars(),
    "toon-head": _toon_head(),
    "adventurer": _adventurer(),
    "lorelei": _lorelei(),
}

BACKGROUNDS = ("#b6e3f4", "#c0aede", "#d1d4f9", "#ffd5dc", "#ffdfbf", "#c5e8c8", "#e4e4e4", "#9db4c0")
"""Background colours; drawn anew for each picture."""
MOVEMENTS: dict[str, tuple[float, float]] = {
    "rotate": (-8.0, 8.0),
    "translateX": (-4.0, 4.0),
    "translateY": (-3.0, 3.0),
    "scale": (0.95, 1.12),
}
"""Bounds of the drawn rotation (degrees), shift (percent of the width) and scale, anew for each picture."""
