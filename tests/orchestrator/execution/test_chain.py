"""A trial's steps: what runs when, what is built once, and how failures end it; no Ray, no torch."""

from pathlib import Path

import pytest

from orchestrator.errors import Unreachable
from orchestrator.execution.chain import Chain
from orchestrator.execution.events import StepChanged, TrialOutcome
from orchestrator.execution.executors import InlineSubmit
from orchestrator.execution.resources import GpuShares
from orchestrator.locks import FileLock
from results import StoreNotWritable, StoreUnreachable, open_store
from results.stores.address import StoreAddress
from search_spaces.defenses import Defense
from tests.orchestrator import fake_steps
from tests.orchestrator.fake_steps import FAKE, FakeBuild, logged
from tests.orchestrator.small_sweeps import small_sweep
from trainables.build import StepOutcome


def locks_of(store: str) -> Path:
    return StoreAddress.parse(store).lock_folder


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path), create=True).uri


@pytest.fixture
def trial():
    return small_sweep().trial(Defense(), 0)


def chain_on(store, build=FAKE):
    return Chain(InlineSubmit(build, store), store, GpuShares())


def run(chain, trial):
    """Return the changes of the steps and the outcome of one trial."""
    *changes, end = [event for events in chain.run(7, trial) for event in events]
    assert {event.number for event in [*changes, end]} == {7}
    return changes, end.outcome


def test_target_and_shared_pieces_come_first_then_every_attack(store, trial):
    changes, outcome = run(chain_on(store), trial)
    assert [line.split()[0] for line in logged(store)] == [
        "target", "prior", "evaluator", "evaluator", "gmi", "brepmi",
    ]  # fmt: skip
    assert [change.name for change in changes if change.state == "started"] == [
        "target", "prior wgan_gp", "evaluator face_embedding", "evaluator trained_classifier",
        "gmi", "brepmi",
    ]  # fmt: skip
    assert all(change.seconds >= 0 for change in changes if change.state == "done")
    assert outcome.state == "done"


def test_the_outcome_is_acc_and_the_worst_attack(store, trial):
    _, outcome = run(chain_on(store), trial)
    att_accs = [fake_steps.fraction(attack.piece_id) for attack in trial.attacks]
    assert outcome.acc == fake_steps.fraction(trial.target.piece_id, "acc")
    assert outcome.worst_att_acc == max(att_accs) > min(att_accs)


def test_shared_pieces_are_asked_for_once_per_chain(store: str) -> None:
    chain, sweep = chain_on(store), small_sweep()
    run(chain, sweep.trial(Defense(), 0))
    run(chain, sweep.trial(Defense(), 1))
    names = [line.split()[0] for line in logged(store)]
    assert (names.count("prior"), names.count("evaluator"), names.count("target")) == (1, 2, 2)


def test_a_piece_that_another_process_builds_is_waited_for_and_training_goes_on(store, trial):
    piece = trial.attacks[0].prior_config.piece_id
    other = FileLock(locks_of(store), f"piece-{piece}")
    assert other.try_acquire()

    def target(config, store):
        report = FAKE.target(config, store)
        other.release()
        return report

    steps = FakeBuild(target=target)
    changes, outcome = run(chain_on(store, steps), trial)
    assert StepChanged(7, "prior wgan_gp", "waiting") in changes
    names = [line.split()[0] for line in logged(store)]
    assert names.index("target") < names.index("prior") < names.index("gmi")
    assert outcome.state == "done"


def test_locks_are_free_after_a_trial_and_after_an_abandoned_one(store, trial):
    chain = chain_on(store)
    events = chain.run(7, trial)
    next(events)
    events.close()
    piece = FileLock(locks_of(store), f"piece-{trial.attacks[0].prior_config.piece_id}")
    assert piece.try_acquire()
    piece.release()
    run(chain, trial)
    assert piece.try_acquire()


def failing(status="failed", reason="the loss is NaN", **values):
    return lambda config, store: StepOutcome(status, reason, values)


@pytest.mark.parametrize(("acc", "unfit"), [(0.9, False), (0.05, True)])
def test_the_outcome_says_when_t_is_unfit(store, trial, acc, unfit):
    values = {"acc": acc, "classes": 20, "test_images": 60, "control": "none"}
    steps = FakeBuild(target=lambda config, store: StepOutcome("done", "why", values))
    _, outcome = run(chain_on(store, steps), trial)
    assert outcome.state == "done"
    assert bool(outcome.unfit) is unfit


def test_a_failed_target_ends_the_trial_before_its_attacks(store, trial):
    steps = FakeBuild(target=failing())
    changes, outcome = run(chain_on(store, steps), trial)
    assert outcome == TrialOutcome("failed", "target: the loss is NaN")
    assert "gmi" not in {change.name for change in changes}


def test_a_failed_attack_keeps_acc_and_the_other_attack_still_runs(store, trial):
    def attack(config, store):
        if config.attack.kind == "gmi":
            return StepOutcome("failed", "it diverged")
        return fake_steps.attack(config, store)

    _, outcome = run(chain_on(store, FakeBuild(attack=attack)), trial)
    assert outcome.reason == "gmi: it diverged"
    assert outcome.acc is not None
    assert outcome.worst_att_acc is None
    assert any(line.startswith("brepmi") for line in logged(store))


def test_a_failed_shared_piece_is_tried_again_by_the_next_trial(store, trial):
    attempts = []

    def shared(piece, store):
        if piece.kind == "prior":
            attempts.append(piece)
        failed = piece.kind == "prior" and len(attempts) == 1
        return StepOutcome("failed", "it diverged") if failed else StepOutcome("done")

    chain = chain_on(store, FakeBuild(other=shared))
    assert run(chain, trial)[1].reason == "prior wgan_gp: it diverged"
    assert run(chain, trial)[1].state == "done"
    assert len(attempts) == 2


def test_an_exception_is_a_failure_with_its_place_and_goes_to_the_log(store, trial, caplog):
    def target(config, store):
        raise RuntimeError("no\npictures")

    _, outcome = run(chain_on(store, FakeBuild(target=target)), trial)
    assert outcome.reason.startswith("target: RuntimeError: no pictures (test_chain.py:")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "0.5"])
@pytest.mark.parametrize("name", ["acc", "att_acc"])
def test_a_step_without_a_finite_number_fails_the_trial(store, trial, name, value):
    def odd(config, store):
        return StepOutcome("done", values={"acc": 0.5, "att_acc": 0.5, name: value})

    _, outcome = run(chain_on(store, FakeBuild(target=odd, attack=odd)), trial)
    assert outcome.state == "failed"
    assert outcome.objectives is None


def test_interrupting_is_not_a_failure(store, trial):
    def target(config, store):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(chain_on(store, FakeBuild(target=target)), trial)


@pytest.mark.parametrize("error", [StoreUnreachable, StoreNotWritable])
def test_a_store_that_is_lost_ends_the_run_and_is_no_failure_of_the_trial(store, trial, error):
    def attack(config, store):
        raise error("the bucket does not answer")

    lost = FakeBuild(attack=attack)
    with pytest.raises(Unreachable, match=r"gmi: .*the bucket does not answer.*; finished work is kept"):
        run(chain_on(store, lost), trial)
    locks = [FileLock(locks_of(store), path.stem) for path in locks_of(store).glob("*.lock")]
    assert all(lock.is_free() for lock in locks)
