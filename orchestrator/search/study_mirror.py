"""A copy of the study for optuna-dashboard, in a journal file or a database; the search never reads it."""

import logging
import os
from pathlib import Path

import optuna
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from orchestrator.errors import Unreachable
from orchestrator.execution.events import DIRECTIONS
from orchestrator.redaction import redact

LOG = logging.getLogger(__name__)


class StudyMirror:
    """Writes each told trial of one search to a study that others may look at."""

    def __init__(self, place: str, name: str) -> None:
        self._place, self._name = place, name
        self._written = 0
        self._lost = False
        self._storage, self._study = _open_storage(place, name)
        self._had = self._study.get_trials(deepcopy=False)

    def add(self, trial: FrozenTrial) -> None:
        """Write a told trial, unless the study has it from an earlier run.

        A study that holds something else in its place, as after a retry, is begun anew. A storage that takes
        no more is warned of and left alone: the sweep does not need it.
        """
        if self._lost:
            return
        try:
            self._add(trial)
        except (OptunaError, OSError) as error:
            self._lost = True
            LOG.warning(
                "the storage %s no longer accepts trials: %s",
                redact(self._place),
                redact(str(error)),
            )

    def _add(self, trial: FrozenTrial) -> None:
        if self._written < len(self._had) and not _same(self._had[self._written], trial):
            self._begin_anew()
        if self._written >= len(self._had):
            self._study.add_trial(trial)
        self._written += 1

    def _begin_anew(self) -> None:
        kept = self._had[: self._written]
        optuna.delete_study(study_name=self._name, storage=self._storage)
        self._study = _study(self._storage, self._name)
        self._study.add_trials(kept)
        self._had = kept


def _open_storage(place: str, name: str) -> tuple[BaseStorage, optuna.Study]:
    """Return the storage at a database URL or in a journal file, and the study in it.

    Raises ``Unreachable`` when it cannot be opened.
    """
    try:
        if "://" in place:
            storage: BaseStorage = RDBStorage(place)
        else:
            path = Path(place).expanduser()
            path.parent.mkdir(parents=True, exist_ok=True)
            storage = JournalStorage(JournalFileBackend(os.fspath(path)))
        return storage, _study(storage, name)
    except Exception as error:  # (drivers of databases raise errors of their own)
        text = " ".join(str(error).split())
        raise Unreachable(
            f"the storage {redact(place)} for the study cannot be opened: {redact(text)}"
        ) from error


def _study(storage: BaseStorage, name: str) -> optuna.Study:
    return optuna.create_study(
        storage=storage, study_name=name, directions=list(DIRECTIONS), load_if_exists=True
    )


def _same(trial: FrozenTrial, other: FrozenTrial) -> bool:
    if trial.state is not other.state or trial.params != other.params:
        return False
    return trial.state is not TrialState.COMPLETE or trial.values == other.values
