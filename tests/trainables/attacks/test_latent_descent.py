"""The pool of rows of GMI: rows that retire early, and rows that take their places."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from search_spaces.attacks import GMI
from tests.contracts.attack_contract import assert_same
from tests.contracts.planted_problem import planted_problem
from tests.fixtures.preemption import Preempted, PreemptedAfter
from trainables.attacks import run_attack_method
from trainables.attacks.latent_descent import Descent
from trainables.attacks.objective import Identity, confidence
from trainables.storage.checkpoint import NothingKept

CLASSES = tuple(range(8))
SETTINGS = GMI(iterations=60, restarts=2, learning_rate=0.3, micro_batch=5)


def retiring(**changes: object) -> GMI:
    return SETTINGS.model_copy(update={"retire_after": 3, "retire_confidence": 0.9, **changes})


@pytest.mark.parametrize("micro_batch", [1, 3, 100])
def test_a_retired_row_is_the_full_row_cut_short(micro_batch: int) -> None:
    """Each row ends where a run of exactly so many iterations would have ended."""
    problem = planted_problem(dtype=torch.float64)
    result = run_attack_method(retiring(micro_batch=micro_batch), problem.attacker(), CLASSES)
    assert result.queries.min() >= 3
    assert len(result.queries.unique()) > 2
    for row in range(0, len(result), 5):
        wanted, length = int(result.class_index[row]), int(result.queries[row])
        full = run_attack_method(
            SETTINGS.model_copy(update={"iterations": length}), problem.attacker(), (wanted,)
        )
        same = full.latents[int(result.restart[row])]
        torch.testing.assert_close(result.latents[row], same, rtol=0, atol=1e-9)


def test_retired_rows_are_confident_and_a_threshold_of_more_than_all_retires_none() -> None:
    problem = planted_problem(dtype=torch.float64)
    result = run_attack_method(retiring(), problem.attacker(), CLASSES)
    problem.target.eval()
    sure = confidence(problem.target(problem.prior.generator(result.latents)).logits, result.class_index)
    early = result.queries < SETTINGS.iterations
    assert early.any()
    assert sure[early].min() > 0.8
    never = run_attack_method(retiring(retire_after=61), problem.attacker(), CLASSES)
    plain = run_attack_method(SETTINGS, problem.attacker(), CLASSES)
    assert torch.equal(never.latents, plain.latents)
    assert never.queries.tolist() == [60] * 16


def test_retiring_rows_go_on_in_the_same_company() -> None:
    problem, kept = planted_problem(), []
    undisturbed = run_attack_method(retiring(), problem.attacker(), CLASSES)
    whole = PreemptedAfter([])
    run_attack_method(retiring(), replace(problem.attacker(), progress=whole), CLASSES)
    for steps in (7, whole.taken // 2):  # in the middle some rows have retired
        attacker = replace(problem.attacker(), progress=PreemptedAfter(kept, steps))
        with pytest.raises(Preempted):
            run_attack_method(retiring(), attacker, CLASSES)
    last = replace(problem.attacker(), progress=PreemptedAfter(kept))
    assert_same(run_attack_method(retiring(), last, CLASSES), undisturbed)


def scripted(confident: list[list[bool]]) -> tuple[list[int], list[list[int]]]:
    """Return iterations per row, and the rows of each step, when T is sure of row r at its step s as told."""
    taken = [0] * len(confident)
    steps: list[list[int]] = []

    def loss(latents: Tensor, labels: Tensor) -> Identity:
        rows = labels.tolist()
        steps.append(rows)
        sure = [confident[row][taken[row]] for row in rows]
        for row in rows:
            taken[row] += 1
        logits = torch.zeros(len(rows), len(confident))
        for place, row in enumerate(rows):
            logits[place, row] = 50.0 if sure[place] else -50.0
        return Identity(latents.sum(), logits)

    settings = GMI(iterations=6, retire_after=2, micro_batch=2)
    rows = torch.arange(len(confident))
    _, iterations = Descent(settings, loss, torch.zeros(len(confident), 3), rows).run(NothingKept())
    return iterations.tolist(), steps


def test_confidence_must_last_and_a_free_place_is_taken_at_once() -> None:
    yes, no = True, False
    iterations, steps = scripted(
        [
            [yes, no, yes, no, yes, yes],  # broken runs do not count
            [yes, yes],
            [no, yes, yes],
            [no] * 6,
        ]
    )
    assert iterations == [6, 2, 3, 6]
    assert steps == [[0, 1]] * 2 + [[0, 2]] * 3 + [[0, 3]] + [[3]] * 5
