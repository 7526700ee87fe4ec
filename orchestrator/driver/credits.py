"""Whom to credit for the data and weights of a sweep."""

from search_spaces import Setup
from search_spaces.pretraining import Pretraining
from trainables.datasets import data_credit
from trainables.storage.archive_table import ARCHIVES


def credit_lines(setup: Setup) -> tuple[str, ...]:
    """Return one credit line for the data and for each packaged network that ``setup`` uses, each once."""
    packaged, start = setup.target.network.packaged_weights, setup.target.pretrained
    data = [setup.data, *([start.data] if isinstance(start, Pretraining) and start.data else [])]
    archives = [
        *(archive for weights, archive in packaged.items() if weights == start),
        *(name for part in (*setup.priors.values(), *setup.evaluators) for name in part.used_archives),
    ]
    return tuple(dict.fromkeys([*map(data_credit, data), *(ARCHIVES[name].credit for name in archives)]))
