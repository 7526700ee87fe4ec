"""The hypervolume over trials against the hypervolume of every beginning of the search."""

from itertools import pairwise
from pathlib import Path

import pytest

from results import hypervolume, load, open_store
from results.figures.interactive import convergence_figure
from results.statistics.convergence import convergence
from tests.fixtures.rows import FakeSweep, helping_configs, many_configs, write_fake_sweep


def test_it_is_the_hypervolume_of_every_beginning(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(many_configs(40), classes=5, pictures=False))
    summary = load(store.uri).summary()
    points = [(run.target["acc"], run.attacks[0]["att_acc"]) for run in summary.runs]
    found = convergence(summary)
    assert [one.hypervolume for one in found] == pytest.approx(
        [hypervolume(points[: index + 1]) for index in range(len(points))]
    )
    values = [0.0, *(one.hypervolume for one in found)]
    assert [after > before for before, after in pairwise(values)] == [one.improved for one in found]


def test_confirmations_and_controls_are_not_part_of_the_search(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), pictures=False))
    summary = load(store.uri).summary()
    found = convergence(summary)
    assert [one.trial for one in found] == [run.number for run in summary.runs if run.role == "search"]
    assert len(found) == 7


def test_an_unfinished_search_has_a_figure_too(tmp_path: Path) -> None:
    summary = load(open_store(str(tmp_path), create=True).uri).summary()
    assert convergence(summary) == ()
    assert len(convergence_figure(summary).data) == 2
