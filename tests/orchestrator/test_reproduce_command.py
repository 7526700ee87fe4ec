"""The command that a report gives for a trial means that very T again, and the same attacks on it."""

import json
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.search.fixed_trials import fixed_trials
from orchestrator.selection import Selection, sweep_options
from orchestrator.trial_report import trial_report
from results import SweepRecord, load
from results.report.reproduce_command import reproduce_command
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings, kept_settings
from results.sweeps.trial_list import trial_list
from results.sweeps.trial_logs import read_trial_log
from search_spaces import Sweep, Trial
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from tests.orchestrator.fake_steps import FAKE

COMMAND = "tldmi-sweep --space bido_vs_tldmi --trials 30 --set target.epochs=3"


def sweep_of(command: str) -> Sweep:
    """Return the sweep that a command line selects."""
    found: list[Selection] = []

    @click.command()
    @sweep_options
    @click.option("--executor")
    def parsed(selection: Selection, executor: str | None) -> None:
        found.append(selection)

    parsed.main(shlex.split(command)[1:], standalone_mode=False)
    space, setup = found[0].load()
    return Sweep(space=space, setup=setup, threads=found[0].threads)


def summary_of(command: str | None) -> SweepSummary:
    record = SweepRecord("s", "bido_vs_tldmi", "orl_faces", command=command)
    return SweepSummary("s", record, (), (), (), {}, {}, (), (), ())


def row_of(trial: Trial) -> dict[str, object]:
    return {
        "config": trial.target.model_dump_json(),
        "control": trial.target.control,
        "defense": trial.target.defense.kind,
        "seed": trial.target.seed,
    }


@pytest.mark.parametrize(
    ("defense", "seed"),
    [
        (Defense(), 0),
        (Defense(), 2),
        (Defense.of(TLDMI(freeze_depth=9)), 1),
        (Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.5)), 0),
    ],
)
def test_it_means_the_same_trial(defense, seed):
    trial = sweep_of(COMMAND).trial(defense, seed)
    command = reproduce_command(summary_of(COMMAND), SweepSettings(), 7, row_of(trial))
    again = fixed_trials(sweep_of(command))
    assert again[-1].trial_id == trial.trial_id
    assert len(again) == (1 if defense.kind == "no_def" else 2)
    assert "--executor inline --store runs/trial-7" in command


def test_a_control_is_run_again_as_a_control() -> None:
    sweep = sweep_of(COMMAND)
    trial = sweep.trial(Defense(), 0, control="permuted_labels")
    command = reproduce_command(summary_of(COMMAND), SweepSettings(), 7, row_of(trial))
    assert sweep_of(command).space.control.kinds == ("permuted_labels",)
    assert sweep_of(command).trial(Defense(), 0, control="permuted_labels").trial_id == trial.trial_id


PER_TARGET = [
    ("table12", "orl_faces"),
    ("table12", "vgg16"),
    ("pretrain_effect", "orl_faces"),
    ("pretrain_effect", "vgg16"),
    ("attacks_64", "orl_faces"),
    ("bido_sensitivity", "vgg16"),
    ("mid_lambda", "orl_faces"),
    ("training_time", "orl_faces"),
]


def settings_of(sweep: Sweep) -> SweepSettings:
    return SweepSettings(sweep.space.model_dump(mode="json"), sweep.setup.model_dump(mode="json"))


@pytest.mark.parametrize(("space", "target"), PER_TARGET)
def test_every_trial_of_a_space_with_settings_of_each_architecture_is_met_again(space, target):
    command = f"tldmi-sweep --space {space}"
    if target == "vgg16":
        command += " --set target.architecture=vgg16 --set target.pretrained=torchvision:IMAGENET1K_V1"
    sweep = sweep_of(command)
    assert sweep.space.per_target
    for trial in fixed_trials(sweep):
        again = sweep_of(reproduce_command(summary_of(command), settings_of(sweep), 7, row_of(trial)))
        assert fixed_trials(again)[-1].trial_id == trial.trial_id
        assert len(fixed_trials(again)) <= 2


def test_running_either_command_of_a_trial_of_table12_makes_the_same_target_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--space", "table12", "--trials", "3", "--executor", "inline", "--quiet"]
    assert CliRunner().invoke(main, [*words, "--store", "first"], obj=FAKE).exit_code == 0
    first = load("first")
    summary = first.summary()
    log = read_trial_log(first.store, summary.sweep_id, 2)
    target = {"config": json.dumps(log.trial["target"]), "control": "none", "seed": 0}
    of_the_page = reproduce_command(summary, kept_settings(first.store, summary.sweep_id), 2, target)
    of_logs = trial_report(first.store, summary.sweep_id, 2).command
    for command in (of_the_page, of_logs):
        assert CliRunner().invoke(main, [*shlex.split(command)[1:], "--quiet"], obj=FAKE).exit_code == 0
    (trial,) = [row for row in trial_list(first.store, summary.sweep_id) if row["number"] == 2]
    for place in ("runs/trial-2", "reproduced-2"):
        again = load(place)
        repeated = trial_list(again.store, again.summary().sweep_id)[-1]
        assert (repeated["target_id"], repeated["trial_id"]) == (trial["target_id"], trial["trial_id"])


def test_without_a_command_or_without_the_weights_of_its_own_there_is_none() -> None:
    sweep = sweep_of("tldmi-sweep --space pretrain_effect")
    known = row_of(sweep.trial(Defense(), 0))
    assert reproduce_command(summary_of(None), settings_of(sweep), 7, known) is None
    forgotten = {**known, "config": None}
    assert reproduce_command(summary_of(COMMAND), settings_of(sweep), 7, forgotten) is None
    assert reproduce_command(summary_of(COMMAND), SweepSettings(), 7, forgotten) is not None
