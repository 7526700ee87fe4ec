"""Whether the pre-trainings of a sweep can be run: pictures of the right size, and of nobody in D_priv."""

from orchestrator.errors import InvalidRequest
from search_spaces import Sweep
from search_spaces.datasets import DataSettings
from search_spaces.pretraining import Pretraining
from trainables.datasets import check_data, count_pictures, shared_people

MOST_NAMED = 3
"""Classes that an error names."""


def pretrainings_of(sweep: Sweep) -> tuple[Pretraining, ...]:
    """Return the pre-trainings that targets of ``sweep`` start from, each once."""
    starts = (target.pretrained for target in sweep.targets)
    return tuple(dict.fromkeys(start for start in starts if isinstance(start, Pretraining)))


def check_pretrainings(sweep: Sweep) -> None:
    """Raise ``InvalidRequest``, or an error of the data, unless every pre-training can be run."""
    pretrainings = pretrainings_of(sweep)
    names = [pretraining.name for pretraining in pretrainings]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequest(
                f"pretrained: two pre-trainings are called {name!r}; give each a name of its own"
            )
    for pretraining in pretrainings:
        if pretraining.data is None:
            _check_public_classes(pretraining, sweep)
        else:
            _check_data(pretraining.name, pretraining.data, sweep.setup.data)


def _check_public_classes(pretraining: Pretraining, sweep: Sweep) -> None:
    """Refuse public pictures that no classifier can be trained and tested on."""
    counts = count_pictures(sweep.setup.data)
    if counts is None or (len(counts.public) > 1 and max(counts.public) > 1):
        return
    found = (
        f"the public pictures are all of one class ({counts.public[0]} pictures)"
        if len(counts.public) == 1
        else f"each of the {len(counts.public)} public classes has a single picture"
    )
    raise InvalidRequest(
        f"pretrained {pretraining.name!r}: T is to learn the public classes first, but {found}, and a "
        "pre-training needs two classes or more with several pictures: give such public pictures, or let T "
        "start from random weights with --set target.pretrained=null"
    )


def _check_data(name: str, data: DataSettings, own: DataSettings) -> None:
    where = f"pretrained {name!r}"
    check_data(data)
    if data.side != own.side:
        raise InvalidRequest(
            f"{where}: its pictures have {data.side} pixels a side, those of T {own.side}; "
            "give both the same data.resolution"
        )
    if shared := sorted(shared_people(data, own)):
        more = f" and {len(shared) - MOST_NAMED} more" if len(shared) > MOST_NAMED else ""
        raise InvalidRequest(
            f"{where}: D_pretrain and D_priv share classes: {'; '.join(shared[:MOST_NAMED])}{more}; "
            "T must not know private people beforehand: take other people"
        )
