"""Whom to credit for the data and weights of a sweep."""

from search_spaces import Setup
from trainables.datasets import data_credit
from trainables.storage.archive_table import ARCHIVES


def credit_lines(setup: Setup) -> tuple[str, ...]:
    """Return one credit line for the data and for each packaged network that ``setup`` uses, each once."""
    packaged = setup.target.network.packaged_weights
    archives = [
        *(archive for weights, archive in packaged.items() if weights == setup.target.pretrained),
        *(name for part in (*setup.priors.values(), *setup.evaluators) for name in part.used_archives),
    ]
    return tuple(dict.fromkeys([data_credit(setup.data), *(ARCHIVES[name].credit for name in archives)]))
