"""AttAcc, its ranks and its spread over restarts."""

import dataclasses
import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.metric_contract import CLASSES, RESTARTS, RowMetricContract, judged_rows
from trainables.metrics import TARGET_CONFIDENCE, TOP1, TOP5, Judged, ranks, restart_sd


def slow_rank(judged: Judged, row: int) -> int:
    """Return the position of the attacked class when classes are sorted by score, then by number."""
    if not judged.found[row]:
        return CLASSES
    scores = judged.scores[row].tolist()
    order = sorted(range(CLASSES), key=lambda number: (-scores[number], number))
    return order.index(int(judged.class_index[row]))


class TestTop1(RowMetricContract):
    metric = TOP1

    def slow_row(self, judged: Judged, row: int) -> float:
        return float(slow_rank(judged, row) == 0)


class TestTop5(RowMetricContract):
    metric = TOP5

    def slow_row(self, judged: Judged, row: int) -> float:
        return float(bool(judged.found[row]) and slow_rank(judged, row) < 5)


@given(seed=st.integers(0, 10_000))
def test_ranks_sort_by_score_then_class(seed: int) -> None:
    judged = judged_rows(seed)
    assert ranks(judged).tolist() == [slow_rank(judged, row) for row in range(len(judged))]


def test_rank_0_is_the_prediction() -> None:
    judged = judged_rows(1, 0.0)
    assert torch.equal(ranks(judged) == 0, judged.scores.argmax(1) == judged.class_index)


def test_a_constant_evaluator_recognises_one_class_only() -> None:
    judged = dataclasses.replace(judged_rows(0, 0.0), scores=torch.ones(CLASSES * RESTARTS, CLASSES))
    assert TOP1.value(judged) == pytest.approx(1 / CLASSES)


def test_rows_not_found_are_failures_even_with_few_classes() -> None:
    """With four classes every found row is among the top five; a row without a picture still is not."""
    judged = Judged(
        class_index=torch.arange(4),
        restart=torch.zeros(4, dtype=torch.int64),
        found=torch.tensor([True, False, True, True]),
        scores=torch.eye(4),
        features=torch.zeros(4, 1),
        target_probability=torch.zeros(4),
        private_features=torch.zeros(4, 1),
        private_labels=torch.arange(4),
    )
    assert TOP1.value(judged) == 0.75
    assert TOP5.value(judged) == 0.75


@given(seed=st.integers(0, 10_000))
def test_restart_sd_is_the_sample_sd_of_the_rates(seed: int) -> None:
    judged = judged_rows(seed)
    hits = TOP1.per_row(judged).view(CLASSES, RESTARTS).mean(0).tolist()
    assert restart_sd(judged) == pytest.approx(statistics.stdev(hits), abs=1e-12)


def test_restart_sd_of_one_restart_is_unknown() -> None:
    judged = judged_rows(0)
    assert restart_sd(dataclasses.replace(judged, restart=torch.zeros_like(judged.restart))) is None


def test_scores_that_are_no_numbers_are_refused() -> None:
    judged = judged_rows(0, 0.0)
    judged.scores[2, 1] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        ranks(judged)


class TestTargetConfidence(RowMetricContract):
    metric = TARGET_CONFIDENCE

    def slow_row(self, judged: Judged, row: int) -> float:
        return float(judged.target_probability[row]) if judged.found[row] else math.nan
