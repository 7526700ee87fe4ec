"""What leaks, in words: which attributes of the attacked persons reconstructions show."""

from collections import Counter
from collections.abc import Iterable, Sequence

from search_spaces import canonical_json
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData
from trainables.evaluators import Evaluator


def attribute_texts(result: Reconstructions, evaluator: Evaluator, data: FaceData) -> list[str | None]:
    """Return for each row JSON of attribute -> [value of the person, value that ``evaluator`` reads].

    ``None`` for rows without a picture, and for all rows where the evaluator reads no attributes.
    """
    shown = evaluator.read_attributes(result.images[result.found])
    if shown is None:
        return [None] * len(result)
    classes = result.class_index[result.found].tolist()
    pairs = (
        canonical_json({name: [data.attributes[name][person], shown[name][row]] for name in shown})
        for row, person in enumerate(classes)
    )
    return [next(pairs) if found else None for found in result.found.tolist()]


def attribute_checks(evaluator: Evaluator, data: FaceData, attacked: Sequence[int]) -> str | None:
    """Return JSON of attribute -> what a share of right values means: a guess, and the evaluator itself.

    ``guess``: the share of the ``attacked`` classes that have the commonest value among the public persons.
    ``evaluator_acc``: the share of private test pictures on which the evaluator reads the right value.
    ``None`` where the evaluator reads no attributes.
    """
    shown = evaluator.read_attributes(data.private_test.images)
    if shown is None:
        return None
    labels = data.private_test.labels.tolist()
    return canonical_json(
        {
            name: {
                "guess": _share(
                    data.attributes[name][person] == _commonest(data, name) for person in attacked
                ),
                "evaluator_acc": _share(
                    data.attributes[name][label] == value for label, value in zip(labels, values, strict=True)
                ),
            }
            for name, values in shown.items()
        }
    )


def _commonest(data: FaceData, attribute: str) -> str:
    """Return the value that most public persons have; of equally common ones the first in the alphabet."""
    counts = Counter(data.public_attributes[attribute])
    return min(counts, key=lambda value: (-counts[value], value))


def _share(right: Iterable[bool]) -> float:
    values = list(right)
    return sum(values) / len(values)
