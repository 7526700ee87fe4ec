"""Who is taken for whom, by the definition."""

import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.metrics import accepted_as, accepting_scores, deceived_classes, false_positive_rate


@given(st.integers(0, 10_000))
def test_acceptance_follows_the_definition(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    scores, strangers = torch.rand(12, 4, generator=random), torch.rand(9, 4, generator=random)
    labels = torch.randint(0, 4, (12,), generator=random)
    accepting = accepting_scores(scores, labels)
    accepted = accepted_as(strangers, accepting)
    for number, row in enumerate(strangers.tolist()):
        best = row.index(max(row))
        own = [float(scores[i, best]) for i in range(12) if labels[i] == best]
        sure = bool(own) and row[best] >= statistics.median(own) - 1e-7
        assert int(accepted[number]) == (best if sure else -1)


def test_a_score_at_the_median_is_accepted_and_one_below_it_is_not() -> None:
    accepting = accepting_scores(torch.tensor([[0.25, 0.0], [0.75, 0.0]]), torch.tensor([0, 0]))
    assert accepting[0] == 0.5
    assert accepted_as(torch.tensor([[0.5, 0.0], [0.49, 0.0]]), accepting).tolist() == [0, -1]


def test_the_rate_counts_attacked_classes_alone() -> None:
    accepted = torch.tensor([0, 2, -1, 2, 3])
    assert false_positive_rate(accepted, torch.tensor([0, 1])) == pytest.approx(0.2)
    assert false_positive_rate(accepted, torch.tensor([2, 3, 3])) == pytest.approx(0.6)
    assert false_positive_rate(accepted[:0], torch.tensor([0])) is None


def test_one_picture_deceives_a_class_and_only_attacked_ones_count() -> None:
    accepted = torch.tensor([0, 2, -1, 2, 3])
    assert deceived_classes(accepted, torch.tensor([0, 0, 1, 1])) == 0.5
    assert deceived_classes(accepted, torch.tensor([1, 2, 3, 4])) == 0.5
    assert deceived_classes(accepted, torch.tensor([1, 4])) == 0
    assert deceived_classes(accepted[:0], torch.tensor([0])) is None


def test_a_class_without_test_pictures_accepts_nobody() -> None:
    accepting = accepting_scores(torch.tensor([[0.1, 0.9]]), torch.tensor([0]))
    assert accepted_as(torch.tensor([[0.0, 5.0], [5.0, 0.0]]), accepting).tolist() == [-1, 0]
