"""The study that optuna-dashboard shows: complete, without doubles, and no part of the search itself."""

from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from orchestrator.cli import main
from orchestrator.driver.limits import Limits
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.errors import Unreachable
from orchestrator.search.study_mirror import StudyMirror
from results import open_store
from search_spaces import load_setup
from tests.orchestrator.fake_steps import FAKE, FakeBuild, train
from tests.orchestrator.small_sweeps import small_space, small_sweep
from trainables.build import StepOutcome


@pytest.fixture(params=["journal.log", "sqlite:///study.db"])
def place(request, tmp_path, monkeypatch):
    """A journal file and a database."""
    monkeypatch.chdir(tmp_path)
    return request.param


def mirrored(place):
    """Return the trials that the dashboard would show."""
    storage = JournalStorage(JournalFileBackend(place)) if "://" not in place else place
    return optuna.load_study(study_name=small_sweep().sweep_id, storage=storage).trials


def sweep(store, place=None, build=FAKE, limits=None, **options):
    execution = Execution("inline", limits=limits or Limits(), build=build, optuna_storage=place)
    return run_sweep(small_space(), load_setup("orl_faces"), str(store), execution, **options)


def rows(store):
    return open_store(str(store)).read_rows("trials").to_pylist()


def plain(trials):
    return [(trial.state, trial.params, trial.values, trial.user_attrs) for trial in trials]


def test_a_mirror_holds_every_told_trial_once_also_after_a_resume(tmp_path: Path, place: str) -> None:
    sweep(tmp_path / "store", place, limits=Limits(max_trials=3))
    sweep(tmp_path / "store", place)
    sweep(tmp_path / "store", place)
    sweep(tmp_path / "whole", "whole.log")
    assert plain(mirrored(place)) == plain(mirrored("whole.log"))
    assert {trial.state for trial in mirrored(place)} == {TrialState.COMPLETE}


def test_a_mirror_changes_nothing_of_the_sweep(tmp_path: Path, place: str) -> None:
    sweep(tmp_path / "store", place)
    sweep(tmp_path / "plain")
    assert rows(tmp_path / "store") == rows(tmp_path / "plain")


def test_failures_are_shown_with_their_reasons_and_replaced_after_a_retry(tmp_path: Path, place: str) -> None:
    def failing(config, store):
        if config.defense.kind != "no_def":
            return StepOutcome("failed", "the loss is NaN in epoch 1")
        return train(config, store)

    steps = FakeBuild(target=failing)
    sweep(tmp_path / "store", place, steps, limits=Limits(failures_in_row=0))
    failed = [trial for trial in mirrored(place) if trial.state is TrialState.FAIL]
    assert failed
    assert {trial.user_attrs["reason"] for trial in failed} == {"target: the loss is NaN in epoch 1"}
    sweep(tmp_path / "store", place, retry_failed=True)
    assert TrialState.FAIL not in {trial.state for trial in mirrored(place)}


def test_a_storage_that_cannot_be_opened_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as error:
        StudyMirror("postgresql://me:hunter22@127.0.0.1:1/none", "3f2a")
    assert "cannot be opened" in str(error.value)
    assert "hunter22" not in str(error.value)


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    words = ["--space", "bido_vs_tldmi", "--optuna-storage", "postgresql://me:hunter22@db/optuna"]
    result = CliRunner().invoke(main, words, obj=FAKE)
    assert result.exit_code == 2
    assert "TLDMI_SWEEP_OPTUNA_STORAGE" in result.output
    assert "hunter22" not in result.output


def test_the_url_of_the_environment_reaches_the_sweep_and_is_recorded_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TLDMI_SWEEP_OPTUNA_STORAGE", "sqlite:///study.db?password=hunter22")
    (tmp_path / "small.yaml").write_text(
        "{name: small, description: x, defenses: [{kind: bido_hsic}], attacks: [{kind: gmi}], "
        "search: {trials: 3}}"
    )
    words = ["--space", "small.yaml", "--executor", "inline", "--quiet", "--json"]
    result = CliRunner().invoke(main, words, obj=FAKE)
    assert "hunter22" not in result.output
    store = tmp_path / "runs" / "small-orl_faces"
    assert [path for path in store.rglob("*") if path.is_file() and b"hunter22" in path.read_bytes()] == []
