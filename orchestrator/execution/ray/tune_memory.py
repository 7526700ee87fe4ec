"""Lets Tune forget what it keeps of ended trials: their rows are in the store, and nobody asks Tune for them.

Tune holds every trial of an experiment until its end, with the configuration several times over, the last
result, and statistics of each number that was ever reported. In a sweep of thousands that is most of the
driver's memory.
"""

import contextlib
import ctypes
import gc
from typing import TYPE_CHECKING, Any

from ray.tune import Callback

if TYPE_CHECKING:
    from ray.tune.experiment import Trial


OVER = ("TERMINATED", "ERROR")
"""States of a trial that Tune will not run again."""
TRIALS_UNTIL_GIVEN_BACK = 100
"""Ended trials after which free memory goes back to the system."""


class DropEndedTrials(Callback):
    """Empties each trial once the step in which it ended is over, and now and then gives memory back."""

    def __init__(self) -> None:
        self._ended: list[Trial] = []
        self._emptied = 0

    def on_trial_complete(self, iteration: int, trials: "list[Trial]", trial: "Trial", **info: Any) -> None:  # noqa: ANN401  (Tune's signature)
        """Put the trial down; Tune still has to free its coordinator."""
        self._ended.append(trial)

    def on_trial_error(self, iteration: int, trials: "list[Trial]", trial: "Trial", **info: Any) -> None:  # noqa: ANN401
        """Put the trial down; the searcher hands its proposal out again as another one."""
        self._ended.append(trial)

    def on_step_end(self, iteration: int, trials: "list[Trial]", **info: Any) -> None:  # noqa: ANN401
        """Empty what has ended in this step."""
        for trial in self._ended:
            if trial.status in OVER:
                drop_trial_state(trial)
                self._emptied += 1
                if self._emptied % TRIALS_UNTIL_GIVEN_BACK == 0:
                    give_back()
        self._ended = [trial for trial in self._ended if trial.status not in OVER]


def drop_trial_state(trial: "Trial") -> None:
    """Drop what is large of an ended trial; what Tune reads of it at the end of the experiment stays."""
    trial.config.clear()  # in place: Tune holds it twice
    trial.evaluated_params, trial.experiment_tag = {}, ""
    known = trial.run_metadata
    known.metric_analysis, known.metric_n_steps = {}, {}
    known.last_result = {"trial_id": trial.trial_id, "done": True}
    # A reference to what its coordinator was asked when it began; Ray keeps the answer as long.
    trial._default_result_or_future = None


def give_back() -> None:
    """Return free memory to the system: else what Ray's many threads have freed stays with this process."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)
