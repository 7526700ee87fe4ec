"""Text without the secrets it might hold: logs, reasons and diffs pass through here before they are kept."""

import os
import re
from collections.abc import Mapping

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|ACCESS_KEY(?:_ID)?|API_?KEY)(?:_|$)",
    re.I,
)
_FEWEST_CHARACTERS = 6
"""Shorter values of the environment are words of every text, not secrets."""

_PATTERNS = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.I), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), HIDDEN),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|hf_|sk-)[A-Za-z0-9_-]{16,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), HIDDEN),
    (
        re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.S),
        f"-----{HIDDEN}-----",
    ),
    (
        re.compile(
            r"""(\b[\w.-]*(?:secret|token|password|passwd|passphrase|access[_-]?key(?:[_-]?id)?|api[_-]?key)["']?"""
            r"""\s*[:=]\s*["']?)[^\s"'&,;]{6,}""",
            re.I,
        ),
        rf"\1{HIDDEN}",
    ),
)


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Return ``text`` with what looks like a secret replaced by ``***``.

    That is: values of environment variables whose names speak of secrets, passwords in URLs, keys and tokens
    of known shapes, private keys, and values assigned to names that speak of secrets.

    >>> redact("postgresql://me:hunter22@host/db", {})
    'postgresql://me:***@host/db'
    """
    for secret in _secrets(os.environ if environment is None else environment):
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """Return the secret values of ``environment``, the longest first: one may hold another."""
    secrets = {value for name, value in environment.items() if _SECRET_NAME.search(name)}
    return sorted((value for value in secrets if len(value) >= _FEWEST_CHARACTERS), key=len, reverse=True)
