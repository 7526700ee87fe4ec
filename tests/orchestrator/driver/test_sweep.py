"""A sweep against a store, inline and with fake steps: rows, restarts, refusals."""

import json
import os
import signal
from pathlib import Path

import pytest

from orchestrator.driver.listeners import Notice, TrialStarted
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.errors import ExitCode, SweepInUse, Terminated, exit_code
from orchestrator.locks import sweep_lock
from results import open_store, read_sweep
from results.stores.address import StoreAddress
from results.sweeps.settings import settings_path
from search_spaces import InvalidSpace, load_setup
from search_spaces.defenses import Defense
from search_spaces.variants import with_pretrained
from tests.orchestrator.fake_steps import (
    FAKE,
    FakeBuild,
    attack,
    failing_target,
    logged,
    raising_attack,
    train,
)
from tests.orchestrator.small_sweeps import small_space, small_sweep
from trainables.build import StepOutcome


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store")


def sweep(store, space=None, build=FAKE, **options):
    execution = Execution("inline", build=build)
    return run_sweep(space or small_space(), load_setup("orl_faces"), store, execution, **options)


def rows(store):
    return sorted(open_store(store).read_rows("trials").to_pylist(), key=lambda row: row["number"])


def test_every_trial_has_one_row_under_its_unit(store: str) -> None:
    outcome = sweep(store)
    found = rows(store)
    assert [row["number"] for row in found] == list(range(len(found)))
    assert (outcome.done, outcome.failed, outcome.ran) == (len(found), 0, len(found))
    assert outcome.exit_code is ExitCode.DONE
    units = open_store(store).units("trials")
    assert units == [f"{outcome.sweep_id}-{number:04d}" for number in range(len(found))]


class Heard:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def hear(self, event: object) -> None:
        self.events.append(event)


def test_what_is_worth_knowing_is_said_before_the_first_trial(store: str) -> None:
    setup = load_setup("orl_faces")
    scratch = setup.model_copy(update={"target": with_pretrained(setup.target, None)})
    heard = Heard()
    execution = Execution("inline", build=FAKE)
    run_sweep(small_space(), scratch, store, execution, listeners=[heard])
    kinds = [type(event) for event in heard.events]
    notice = kinds.index(Notice)
    assert notice < kinds.index(TrialStarted)
    assert "T starts from random weights" in heard.events[notice].text
    again = Heard()
    run_sweep(small_space(), scratch, store, execution, listeners=[again])
    assert Notice not in [type(event) for event in again.events]


def test_a_row_says_what_the_trial_was_and_how_it_ended(store: str) -> None:
    outcome = sweep(store)
    first = rows(store)[0]
    trial = small_sweep().trial(Defense(), 0)
    assert first == {
        "sweep_id": outcome.sweep_id,
        "number": 0,
        "role": "search",
        "trial_id": trial.trial_id,
        "target_id": trial.target.piece_id,
        "config_id": first["config_id"],
        "attack_ids": [each.piece_id for each in trial.attacks],
        "state": "done",
        "reason": None,
        "acc": first["acc"],
        "worst_att_acc": first["worst_att_acc"],
    }


def test_config_id_is_shared_by_the_seeds_of_a_configuration(store: str) -> None:
    sweep(store)
    no_def = [row for row in rows(store) if row["role"] in {"search", "confirmation"}]
    shared = [row for row in no_def if row["config_id"] == no_def[0]["config_id"]]
    assert {row["role"] for row in shared} == {"search", "confirmation"}


def test_a_second_run_does_nothing(store: str) -> None:
    first = sweep(store)
    before = {path: path.stat().st_mtime_ns for path in files_of(store)}
    second = sweep(store)
    assert (second.ran, second.done) == (0, first.done)
    after = {path: path.stat().st_mtime_ns for path in files_of(store)}
    assert after == before


def files_of(store):
    return [path for path in Path(store).rglob("*") if path.is_file() and ".locks" not in path.parts]


def test_raising_the_trials_and_the_confirmation_continues(store: str) -> None:
    few = sweep(store, small_space(search={"trials": 3}))
    more = sweep(store, small_space(search={"trials": 5}, confirmation={"further_seeds": 2, "at_most": 2}))
    assert few.sweep_id == more.sweep_id
    assert more.ran < more.done
    trained = [line for line in logged(store) if line.startswith("target")]
    assert len(trained) == len(set(trained)), "no target is trained twice"


def test_an_interrupted_sweep_goes_on_where_it_was(store: str, tmp_path: Path) -> None:
    undisturbed = str(tmp_path / "undisturbed")
    sweep(undisturbed)
    for stop_after in (1, 4):
        with pytest.raises(KeyboardInterrupt):
            sweep(store, build=FakeBuild(target=interrupting(stop_after)))
    outcome = sweep(store)
    assert rows(store) == rows(undisturbed)
    assert 0 < outcome.ran < outcome.done


def interrupting(after):
    """Return a training that interrupts the sweep after so many targets."""
    trained = []

    def target(config, store):
        trained.append(config)
        if len(trained) > after:
            raise KeyboardInterrupt
        return train(config, store)

    return target


def test_failures_are_rows_with_reasons_and_the_sweep_goes_on(store: str) -> None:
    space = small_space(anchors=[{"kind": "tl_dmi", "freeze_depth": 3}, {"kind": "bido_hsic"}])
    steps = FakeBuild(target=failing_target, attack=raising_attack)
    outcome = sweep(store, space, steps)
    failed = [row for row in rows(store) if row["state"] == "failed"]
    reasons = {row["reason"].partition(" (")[0] for row in failed}
    assert reasons == {"target: the loss is NaN in epoch 1", "gmi: RuntimeError: no pictures"}
    assert all((row["acc"] is None) == row["reason"].startswith("target") for row in failed)
    assert outcome.failed == len(failed)
    assert outcome.exit_code is ExitCode.FAILED_TRIALS


def test_failed_trials_run_again_only_when_asked_to(store: str) -> None:
    broken = FakeBuild(target=failing_target)
    failed = sweep(store, build=broken).failed
    assert sweep(store).ran == 0
    again = sweep(store, retry_failed=True)
    assert (again.ran >= failed, again.failed) == (True, 0)


def test_record_and_settings_say_what_was_run(store: str) -> None:
    outcome = sweep(store, command="tldmi-sweep --space small")
    record = read_sweep(open_store(store), outcome.sweep_id)
    assert (record.space, record.setup, record.command) == ("small", "orl_faces", "tldmi-sweep --space small")
    assert record.planned == {"search": 6, "control": 1, "confirmation": len(rows(store)) - 7}
    assert any("AT&T" in line for line in record.credits)
    settings = json.loads(open_store(store).get_bytes(settings_path(outcome.sweep_id)))
    assert settings["sweep"] == small_sweep().model_dump(mode="json")
    assert settings["runs"][0]["versions"]["optuna"]


def test_a_sweep_that_another_process_runs_is_refused_before_anything_is_written(store: str) -> None:
    open_store(store, create=True)
    with sweep_lock(StoreAddress.parse(store), small_sweep().sweep_id), pytest.raises(SweepInUse):
        sweep(store)
    assert rows(store) == []


def test_an_impossible_space_is_refused_before_the_store_is_made(store: str) -> None:
    space = small_space(anchors=[{"kind": "tl_dmi", "freeze_depth": 99}])
    with pytest.raises(InvalidSpace):
        sweep(store, space)
    assert not Path(store).exists()


def test_sigterm_stops_the_sweep_resumably(store: str) -> None:
    def target(config, store):
        os.kill(os.getpid(), signal.SIGTERM)
        return StepOutcome("done", values={"acc": 0.5})

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as error:
        sweep(store, build=FakeBuild(target=target, attack=attack))
    assert exit_code(error.value) is ExitCode.STOPPED
    assert signal.getsignal(signal.SIGTERM) is handler
    assert sweep(store).failed == 0


def test_a_space_that_ends_early_says_so(store: str) -> None:
    space = small_space(defenses=[{"kind": "tl_dmi", "freeze_depth": {"integers": [1, 2]}}])
    outcome = sweep(store, space)
    assert outcome.notes
    assert read_sweep(open_store(store), outcome.sweep_id).planned["search"] == 3
