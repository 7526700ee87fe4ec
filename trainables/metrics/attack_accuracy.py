"""AttAcc: the share of rows that the evaluator gives the attacked class; and how sure T itself is."""

import torch
from torch import Tensor

from trainables.metrics.metric import Judged, RowMetric


def ranks(judged: Judged) -> Tensor:
    """Return the rank of the attacked class, int64 (R,): 0 is top-1; K, behind all classes, where not found.

    Of equal scores the lower class comes first, so a constant evaluator is right for one class only.
    Raises ``ValueError`` for scores that are not finite numbers.
    """
    scores = judged.scores
    if not scores[judged.found].isfinite().all():
        raise ValueError("the evaluator gave scores that are not finite numbers; rebuild the evaluator")
    wanted = judged.class_index[:, None]
    own = scores.gather(1, wanted)
    earlier = torch.arange(scores.shape[1]) < wanted
    ahead = (scores > own) | ((scores == own) & earlier)
    return torch.where(judged.found, ahead.sum(1), scores.shape[1])


def restart_sd(judged: Judged) -> float | None:
    """Return the sample standard deviation over restarts of the top-1 rate; ``None`` with one restart."""
    hit = TOP1.per_row(judged)
    rates = torch.stack(
        [hit[judged.restart == restart].mean() for restart in sorted(set(judged.restart.tolist()))]
    )
    return float(rates.std(correction=1)) if len(rates) > 1 else None


def _top1(judged: Judged) -> Tensor:
    return (ranks(judged) < 1).double()


def _top5(judged: Judged) -> Tensor:
    return (judged.found & (ranks(judged) < 5)).double()


TOP1 = RowMetric("att_acc", "higher", "share of rows", (0.0, 1.0), _top1)
"""Rows not found count as failures."""

TOP5 = RowMetric("att_acc_top5", "higher", "share of rows", (0.0, 1.0), _top5)
"""As ``TOP1``, for the five best classes of the evaluator."""


def _confidence(judged: Judged) -> Tensor:
    return torch.where(judged.found, judged.target_probability.double(), torch.nan)


TARGET_CONFIDENCE = RowMetric("target_confidence", "higher", "probability", (0.0, 1.0), _confidence)
"""Mean over found rows."""
