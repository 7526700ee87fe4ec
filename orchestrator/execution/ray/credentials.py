"""Credentials in the environment of the driver that steps on other machines need: handed on, never written.

Tune would put them into the runtime environment of its trials, which Ray writes into its logs word for word.
As arguments of a task they are in memory alone. A cluster of the sweep's own inherits the environment and
needs neither.
"""

import os
from collections.abc import Mapping

from ray.tune.execution import class_cache

CREDENTIALS = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
)
"""The variables that Tune hands on by itself."""


def credentials() -> dict[str, str]:
    """Return the credentials in the environment of this process."""
    return {name: os.environ[name] for name in sorted(CREDENTIALS) if name in os.environ}


def apply_credentials(given: Mapping[str, str]) -> None:
    """Put what was handed on into the environment of this process."""
    os.environ.update(given)


def keep_from_logs() -> None:
    """Let Tune hand on no credentials by itself."""
    class_cache.ENV_VARS_TO_PROPAGATE = class_cache.ENV_VARS_TO_PROPAGATE - CREDENTIALS
