"""Canonical JSON, the hash that identifies a configuration, and named seed streams."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

IDENTITY_LENGTH = 16
"""Hexadecimal digits of an identity: 64 bits, enough for 10^8 rows at a collision chance below 10^-3."""


_CONTEXT = {"identity": True}
"""Tells serializers that they dump for an identity."""


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

    Where files lie is no part of it once their contents are pinned (see ``search_spaces.files``).

    >>> identity({"seed": 0}) == identity({"seed": 0})
    True
    """
    plain = identity_values(value) if isinstance(value, BaseModel) else value
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()[:IDENTITY_LENGTH]


def identity_values(model: BaseModel, exclude: set[str] | None = None) -> dict[str, Any]:
    """Return the plain values of ``model`` that identities are made of, without the fields ``exclude``."""
    return model.model_dump(mode="json", context=_CONTEXT, exclude=exclude)


def is_identity(context: Any) -> bool:  # noqa: ANN401  (what pydantic hands on)
    """Return whether a serializer that was given ``context`` dumps for an identity."""
    return isinstance(context, dict) and bool(context.get("identity"))


def seed_stream(seed: int, *names: str | int) -> int:
    """Return the seed, in [0, 2^63), of the stream called ``names`` under ``seed``.

    Streams of different names are independent, so adding one never shifts the numbers of another.

    >>> seed_stream(0, "latents", 3) != seed_stream(0, "latents", 4)
    True
    """
    text = json.dumps([seed, *names], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
