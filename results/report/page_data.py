"""Data of a page as JSON in script elements; large ones compressed, as browsers unpack them."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

PACKED_FROM = 400_000
"""Characters from which data are compressed."""


@dataclass(frozen=True)
class PageData:
    """The text of a script element."""

    text: Markup
    packed: bool
    """The text is base64 of JSON that was compressed with zlib."""


def as_json(value: object) -> str:
    """Return ``value`` as short JSON; raises ``ValueError`` for NaN."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def join_json(parts: Mapping[str, str]) -> str:
    """Return an object as JSON from its values, which are JSON already.

    >>> join_json({"a": "[1]", "b": "2"})
    '{"a":[1],"b":2}'
    """
    return "{" + ",".join(f"{as_json(name)}:{text}" for name, text in parts.items()) + "}"


def page_data(text: str, compress: bool = True) -> PageData:
    """Return JSON for the page, compressed when it is large; pictures are compressed already."""
    if not compress or len(text) < PACKED_FROM:
        return PageData(safe_in_script(text), packed=False)
    packed = base64.b64encode(zlib.compress(text.encode(), 6)).decode()
    return PageData(Markup(packed), packed=True)  # noqa: S704  (base64 has nothing to escape)


def safe_in_script(text: str) -> Markup:
    """Return JSON that cannot end the script element it stands in.

    >>> safe_in_script('"</script>"')
    Markup('"\\\\u003c/script\\\\u003e"')
    """
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (escaped above)
