"""How often an evaluator takes other people for a private class as surely as that class's own pictures."""

import torch
from torch import Tensor

NOBODY = -1


def accepting_scores(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the median score of each class among its own test pictures, (K,); infinite without any.

    ``scores`` (N, K) of D_priv test, ``labels`` int64 (N,).
    """
    own = scores.gather(1, labels[:, None])[:, 0]
    medians = torch.full((scores.shape[1],), torch.inf)
    for label in set(labels.tolist()):
        medians[label] = own[labels == label].quantile(0.5)
    return medians


def accepted_as(scores: Tensor, accepting: Tensor) -> Tensor:
    """Return the class that each picture is taken for, int64 (P,); ``NOBODY`` for a score under its median.

    ``scores`` (P, K) of pictures of other people; the class is that of the highest score.
    """
    best, predicted = scores.max(1)
    return torch.where(best >= accepting[predicted], predicted, NOBODY)


def false_positive_rate(accepted: Tensor, attacked: Tensor) -> float | None:
    """Return the share of pictures of other people that are taken for one of the ``attacked`` classes.

    An evaluator that told people apart perfectly would come out at 0. ``None`` without pictures.
    """
    return float(torch.isin(accepted, attacked).double().mean()) if len(accepted) else None


def deceived_classes(accepted: Tensor, attacked: Tensor) -> float | None:
    """Return the share of the ``attacked`` classes that one picture of other people at least is taken for.

    Their nearest other people deceive the evaluator; the rate over all people hides them among the far ones.
    ``None`` without pictures.
    """
    return float(torch.isin(torch.unique(attacked), accepted).double().mean()) if len(accepted) else None
