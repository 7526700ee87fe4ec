"""The latents at which T was surest of a row's class, against every step of the row looked at."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from search_spaces.attacks import GMI
from tests.contracts.attack_contract import assert_same
from tests.contracts.planted_problem import PlantedProblem, planted_problem
from tests.fixtures.preemption import Preempted, PreemptedAfter
from trainables.attacks import Reconstructions, run_attack_method
from trainables.attacks.latent_descent import Descent
from trainables.attacks.objective import Identity
from trainables.attacks.surest import Surest
from trainables.storage.checkpoint import NothingKept

CLASSES = tuple(range(8))
SETTINGS = GMI(iterations=8, restarts=1, learning_rate=0.3, micro_batch=3, keep="surest")


def attacked(problem: PlantedProblem, **changes: object) -> Reconstructions:
    return run_attack_method(SETTINGS.model_copy(update=changes), problem.attacker(), CLASSES)


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
    found, iterations = Descent(settings, loss, starts, torch.arange(4)).run(NothingKept())
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
            run_attack_method(SETTINGS, attacker, CLASSES)
    last = replace(problem.attacker(), progress=PreemptedAfter(kept))
    assert_same(run_attack_method(SETTINGS, last, CLASSES), undisturbed)


def test_one_step_leaves_nothing_to_choose() -> None:
    problem = planted_problem()
    assert_same(attacked(problem, iterations=1), attacked(problem, iterations=1, keep="last"))


def test_of_equal_ones_the_last_is_kept_and_rows_not_seen_keep_their_own() -> None:
    surest = Surest(torch.zeros(3, 1))
    for value, sure in [(1.0, 0.2), (2.0, 0.7), (3.0, 0.7), (4.0, 0.6)]:
        surest.see(torch.tensor([2, 0]), torch.tensor([[value], [-value]]), torch.tensor([sure, 1 - sure]))
    assert surest.instead_of(torch.full((3, 1), 9.0)).tolist() == [[-1.0], [9.0], [3.0]]
