"""Ray's own verdict on a cluster file. Imports ray, about a second; asks no network."""

import copy
import logging
from typing import Any

import click

from orchestrator.launch.cluster_file import ClusterFile


def ray_refuses(file: ClusterFile) -> str | None:
    """Return why Ray would not take the file, in one line, or ``None``."""
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import prepare_config, validate_config

    # It warns of defaults that it has put in itself.
    logging.getLogger("ray.autoscaler._private.util").setLevel(logging.ERROR)
    config: dict[str, Any] = copy.deepcopy(dict(file.config))
    try:
        validate_config(prepare_config(config))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.absolute_path)
        return _line(f"{where}: {error.message}" if where else error.message)
    except KeyError as error:
        return f"the key {error} is missing"
    except click.ClickException as error:
        return _line(error.format_message())
    except (ValueError, TypeError, AttributeError, NotImplementedError, ImportError) as error:
        return _line(str(error))
    return None


def _line(text: str) -> str:
    return " ".join(text.split())
