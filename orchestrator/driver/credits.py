"""Whom to credit for the data and weights of a sweep."""

from search_spaces import Setup
from trainables.datasets import data_credit
from trainables.storage.archive_table import ARCHIVES

WEIGHT_ARCHIVES = {"face_resnet": "face_recognition_models"}
"""Packaged weights -> the archive that holds them."""


def credit_lines(setup: Setup) -> tuple[str, ...]:
    """Return one credit line for the data and for each packaged network that ``setup`` uses, each once."""
    weights = setup.target.pretrained
    archives = [
        *([WEIGHT_ARCHIVES[weights]] if weights in WEIGHT_ARCHIVES else []),
        *(name for part in (*setup.priors.values(), *setup.evaluators) for name in part.used_archives),
    ]
    return tuple(dict.fromkeys([data_credit(setup.data), *(ARCHIVES[name].credit for name in archives)]))
