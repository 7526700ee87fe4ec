"""The command that a report gives for a trial means that very T again, and the same attacks on it."""

import shlex

import click
import pytest

from orchestrator.search.listed import listed_trials
from orchestrator.selection import Selection, sweep_options
from results import SweepRecord
from results.report.rerun import rerun_command
from results.statistics.configurations import Run
from results.statistics.summary import SweepSummary
from results.sweeps.settings import SweepSettings
from search_spaces import Sweep, Trial, load_setup, load_space
from search_spaces.defenses import TLDMI, BiDOHSIC, NoDef

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


def run_of(trial: Trial, number: int = 7) -> Run:
    target = {
        "config": trial.target.model_dump_json(),
        "control": trial.target.control,
        "defense": trial.target.defense.kind,
        "seed": trial.target.seed,
    }
    return Run(number, "search", target, ())


@pytest.mark.parametrize(
    ("defense", "seed"),
    [(NoDef(), 0), (NoDef(), 2), (TLDMI(freeze_depth=9), 1), (BiDOHSIC(lambda_x=0.05, lambda_y=0.5), 0)],
)
def test_it_means_the_same_trial(defense, seed):
    trial = sweep_of(COMMAND).trial(defense, seed)
    command = rerun_command(summary_of(COMMAND), SweepSettings(), run_of(trial))
    again = listed_trials(sweep_of(command))
    assert again[-1].trial_id == trial.trial_id
    assert len(again) == (1 if defense.kind == "no_def" else 2)
    assert "--executor inline --store runs/trial-7" in command


def test_a_control_is_run_again_as_a_control():
    sweep = sweep_of(COMMAND)
    trial = sweep.trial(NoDef(), 0, control="permuted_labels")
    command = rerun_command(summary_of(COMMAND), SweepSettings(), run_of(trial))
    assert sweep_of(command).space.control.kinds == ("permuted_labels",)
    assert sweep_of(command).trial(NoDef(), 0, control="permuted_labels").trial_id == trial.trial_id


def test_without_a_command_or_with_several_targets_there_is_none():
    trial = Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("orl_faces")).trial(NoDef(), 0)
    assert rerun_command(summary_of(None), SweepSettings(), run_of(trial)) is None
    several = SweepSettings(space={"per_target": {"vgg16": {}}})
    assert rerun_command(summary_of(COMMAND), several, run_of(trial)) is None
