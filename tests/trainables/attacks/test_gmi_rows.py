"""The pool of rows of GMI: rows that retire early, rows that take their places, and the latents kept."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from search_spaces.attacks import GMI
from tldmi_sweep.testing.attack_contract import assert_same
from tldmi_sweep.testing.planted_problem import PlantedProblem, planted_problem
from tldmi_sweep.testing.preemption import Preempted, PreemptedAfter
from trainables.attacks import Reconstructions, run_attack_method
from trainables.attacks.gmi import BestLatents, Descent
from trainables.attacks.objective import Identity, confidence
from trainables.storage.checkpoint import NothingKept

CLASSES = tuple(range(8))


def box(latents: Tensor) -> Tensor:
    """Keep latents as GMI does."""
    return latents.clamp(-1, 1)


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
    _, iterations = Descent(settings, loss, torch.zeros(len(confident), 3), rows, box).run(NothingKept())
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


KEEPING = GMI(iterations=8, restarts=1, learning_rate=0.3, micro_batch=3, keep="surest")


def attacked(problem: PlantedProblem, **changes: object) -> Reconstructions:
    return run_attack_method(KEEPING.model_copy(update=changes), problem.attacker(), CLASSES)


@pytest.mark.parametrize("micro_batch", [1, 2, 5])
def test_rows_return_the_surest_of_the_latents_that_the_target_saw_after_a_step(micro_batch: int) -> None:
    """T's certainty is made up, so that each row is surest somewhere else; its start counts for nothing."""
    logits = torch.tensor([[9.0, 1, 5, 3, 2], [9, 1, 2, 3, 4], [9, 6, 5, 4, 3], [9, 4, 2, 4, 1]])
    shown: list[list[Tensor]] = [[] for _ in logits]

    def loss(latents: Tensor, labels: Tensor) -> Identity:
        scores = torch.zeros(len(labels), len(logits))
        for place, row in enumerate(labels.tolist()):
            scores[place, row] = logits[row, len(shown[row])]
            shown[row].append(latents[place].detach().clone())
        return Identity((latents * torch.arange(1, 4)).sum(), scores)

    settings = GMI(iterations=5, learning_rate=0.01, micro_batch=micro_batch, keep="surest")
    starts = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    found, iterations = Descent(settings, loss, starts, torch.arange(4), box).run(NothingKept())
    assert iterations.tolist() == [5] * 4
    assert torch.equal(found, torch.stack([shown[0][2], shown[1][4], shown[2][1], shown[3][3]]))


@pytest.mark.parametrize("micro_batch", [1, 7, 1000])
def test_the_choice_does_not_depend_on_the_micro_batch(micro_batch: int) -> None:
    problem = planted_problem(dtype=torch.float64)
    chosen, last = attacked(problem).latents, attacked(problem, keep="last").latents
    again = attacked(problem, micro_batch=micro_batch)
    torch.testing.assert_close(again.latents, chosen, rtol=0, atol=1e-9)
    assert not torch.equal(chosen, last)


def test_a_preempted_attack_remembers_what_was_surest() -> None:
    problem, kept = planted_problem(), []
    undisturbed = attacked(problem)
    for steps in (5, 9):
        attacker = replace(problem.attacker(), progress=PreemptedAfter(kept, steps))
        with pytest.raises(Preempted):
            run_attack_method(KEEPING, attacker, CLASSES)
    last = replace(problem.attacker(), progress=PreemptedAfter(kept))
    assert_same(run_attack_method(KEEPING, last, CLASSES), undisturbed)


def test_one_step_leaves_nothing_to_choose() -> None:
    problem = planted_problem()
    assert_same(attacked(problem, iterations=1), attacked(problem, iterations=1, keep="last"))


def test_of_equal_ones_the_last_is_kept_and_rows_not_seen_keep_their_own() -> None:
    best = BestLatents(torch.zeros(3, 1))
    for value, sure in [(1.0, 0.2), (2.0, 0.7), (3.0, 0.7), (4.0, 0.6)]:
        best.update(torch.tensor([2, 0]), torch.tensor([[value], [-value]]), torch.tensor([sure, 1 - sure]))
    assert best.result(torch.full((3, 1), 9.0)).tolist() == [[-1.0], [9.0], [3.0]]
