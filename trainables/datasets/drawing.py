"""Draws pictures of a person with DiceBear: same person and numbers, same pixels."""

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from search_spaces import seed_stream
from trainables.datasets.drawn_styles import BACKGROUNDS, MOVEMENTS, STYLES, Options


class Drawer:
    """Draws pictures in one style; ``definition`` is the style's published description."""

    def __init__(self, style: str) -> None:
        self.definition, self._style = _published(style)
        self._fixed = STYLES[style].fixed
        self._choices = _choices(style, self.definition)

    @property
    def credit(self) -> str:
        """Who made the style, and its licence."""
        return f"{self.definition['meta']['license']['text']}; drawn by DiceBear"

    def picture(
        self, person: Options, seed: int, number: tuple[int, int], resolution: int
    ) -> NDArray[np.uint8]:
        """Return one picture (3, S, S); ``number`` is the number of the person and of the picture.

        Expression, clothes, background, and position follow from ``seed`` and ``number`` alone.
        """
        from dicebear import Avatar

        options = {**self._fixed, **person, **self._nuisance(seed, number), "seed": "", "size": resolution}
        return _rasterised(Avatar(self._style, options).to_string())

    def _nuisance(self, seed: int, number: tuple[int, int]) -> dict[str, Any]:
        def draw(option: str) -> int:
            """Return a number in [0, 2^63)."""
            return seed_stream(seed, "picture", *number, option)

        chosen: dict[str, Any] = {
            option: [values[draw(option) % len(values)]] for option, values in self._choices.items()
        }
        for option, (low, high) in MOVEMENTS.items():
            chosen[option] = round(low + (high - low) * draw(option) / 2**63, 4)
        return chosen


@lru_cache(maxsize=4)
def _published(style: str) -> tuple[dict[str, Any], Any]:
    """Return a style's description and DiceBear's form of it, whose validation takes a second."""
    # DiceBear is imported when persons are drawn: a sweep on photographs does without it.
    from dicebear import Style

    text = files("dicebear_styles").joinpath(f"{style}.json").read_text(encoding="utf-8")
    definition: dict[str, Any] = json.loads(text)
    return definition, Style(definition)


def _choices(style: str, definition: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values of every option that varies from picture to picture."""
    own = STYLES[style]
    choices = {"backgroundColor": list(BACKGROUNDS), "flip": ["none", "horizontal"]}
    for component in own.nuisance_components:
        variants = set(definition["components"][component]["variants"]) - set(own.left_out.get(component, ()))
        choices[f"{component}Variant"] = sorted(variants)
    for color in own.nuisance_colors:
        choices[f"{color}Color"] = sorted(definition["colors"][color]["values"])
    return choices


def _rasterised(svg: str) -> NDArray[np.uint8]:
    import resvg_py

    # No style has text in it; without the system's fonts the pixels do not depend on the machine.
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).transpose(2, 0, 1)
