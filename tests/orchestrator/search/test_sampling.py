"""The study behind a search: what it proposes before it has anything to learn from, and after."""

import pytest

from orchestrator.execution.events import TrialOutcome
from orchestrator.search.sampling import Sampling
from tests.orchestrator.small_sweeps import small_sweep

WIDE = [
    {
        "kind": "bido_hsic",
        "lambda_x": {"log_uniform": [0.001, 1.0]},
        "lambda_y_ratio": {"uniform": [1.0, 100.0]},
    }
]


def proposed(startup, count, best, sampler="tpe"):
    """Return ``count`` proposals of a search that is told that weights near ``best`` are good."""
    search = {"sampler": sampler, "startup_trials": startup, "seed": 4}
    sampling = Sampling(small_sweep(defenses=WIDE, search=search))
    defenses = []
    for _ in range(count):
        ask = sampling.ask()
        far = abs(ask.defense.flat()["lambda_x"] - best)
        sampling.tell(ask, TrialOutcome("done", None, 1 - far, far))
        defenses.append(ask.defense)
    return defenses


@pytest.mark.parametrize("startup", [3, 14])
def test_what_is_told_counts_after_the_startup_trials_and_not_before(startup: int) -> None:
    low, high = (proposed(startup, startup + 6, best) for best in (0.001, 1.0))
    assert low[:startup] == high[:startup]
    assert low[startup:] != high[startup:]


def test_random_search_never_listens() -> None:
    assert proposed(1, 9, 0.001, "random") == proposed(1, 9, 1.0, "random")


def test_a_proposal_at_random_is_not_the_samplers() -> None:
    sampling = Sampling(small_sweep(defenses=WIDE, search={"sampler": "random", "seed": 4}))
    usual = [sampling.ask().defense for _ in range(3)]
    other = Sampling(small_sweep(defenses=WIDE, search={"sampler": "random", "seed": 4}))
    assert [other.ask(at_random=True).defense for _ in range(3)] != usual
    assert [other.ask().defense for _ in range(3)] == usual
