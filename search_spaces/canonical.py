"""Canonical JSON, the hash that identifies a configuration, and named seed streams."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

IDENTITY_LENGTH = 16
"""Hexadecimal digits of an identity: 64 bits, enough for 10^8 rows at a collision chance below 10^-3."""


SETS = ("private", "public")
"""Settings that say where the two halves of a user's data lie."""


def canonical_json(value: BaseModel | dict[str, Any] | list[Any]) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, numbers as Python prints them.

    Raises ``ValueError`` for NaN and infinities, which have no canonical form.

    >>> canonical_json({"b": 1, "a": [0.1, None]})
    '{"a":[0.1,null],"b":1}'
    """
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def identity(value: BaseModel | dict[str, Any]) -> str:
    """Return the identity of a configuration: the first 16 hexadecimal digits of its SHA-256.

    Where files lie is no part of it once their contents are pinned (see `placeless`).

    >>> identity({"seed": 0}) == identity({"seed": 0})
    True
    """
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return hashlib.sha256(canonical_json(placeless(plain)).encode()).hexdigest()[:IDENTITY_LENGTH]


def placeless(plain: Any) -> Any:  # noqa: ANN401  (plain values of settings)
    """Return plain settings without the paths of what a hash beside them pins.

    ``NAME_sha256`` pins the file ``NAME``, ``sha256`` pins ``source``, and ``content`` pins the folders of a
    data set: ``private`` and ``public``, or their ``root``. A hash that is not filled in pins nothing.

    >>> placeless({"pretrained": "/a/vgg16.safetensors", "pretrained_sha256": "ab", "epochs": 2})
    {'pretrained_sha256': 'ab', 'epochs': 2}
    """
    if isinstance(plain, list):
        return [placeless(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    pinned = {
        name.removesuffix("_sha256") for name, value in plain.items() if name.endswith("_sha256") and value
    }
    pinned |= {"source"} if plain.get("sha256") else set()
    sets = SETS if plain.get("content") else ()
    kept = {name: value for name, value in plain.items() if name not in pinned}
    kept |= {name: _rootless(kept[name]) for name in sets if isinstance(kept.get(name), dict)}
    return {
        name: placeless(value)
        for name, value in kept.items()
        if not (name in sets and isinstance(value, str))
    }


def _rootless(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "root"}


def seed_stream(seed: int, *names: str | int) -> int:
    """Return the seed, in [0, 2^63), of the stream called ``names`` under ``seed``.

    Streams of different names are independent, so adding one never shifts the numbers of another.

    >>> seed_stream(0, "latents", 3) != seed_stream(0, "latents", 4)
    True
    """
    text = json.dumps([seed, *names], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
