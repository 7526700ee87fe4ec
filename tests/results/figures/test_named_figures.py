"""The figures that a notebook may ask for: what they show, read from the figure itself."""

from pathlib import Path

import pytest

from results import load, open_store
from results.figures.interactive import (
    attainment_figure,
    comparison_figure,
    importance_figure,
    training_time_figure,
)
from results.figures.slices import slices, slices_figure
from results.statistics.summary import SweepSummary
from results.sweeps.importance import Importances
from tests.fixtures.rows import FakeSweep, helping_configs, write_fake_sweep


@pytest.fixture
def summary(tmp_path: Path) -> SweepSummary:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), pictures=False))
    return load(store.uri).summary()


def test_a_comparison_has_one_dot_with_its_interval_for_each_defence(summary: SweepSummary) -> None:
    dots = comparison_figure(summary).data
    assert [dot.customdata[0] for dot in dots] == [one.config_id for one in summary.defended]
    for dot, one in zip(dots, summary.defended, strict=True):
        assert one.difference is not None
        assert dot.x[0] == pytest.approx(100 * one.difference.value)
        assert dot.x[0] + dot.error_x.array[0] == pytest.approx(100 * one.difference.high)
        assert dot.x[0] - dot.error_x.arrayminus[0] == pytest.approx(100 * one.difference.low)


def test_attainment_is_drawn_over_the_front(summary: SweepSummary) -> None:
    lines = {trace.name: trace for trace in attainment_figure(summary).data if trace.mode == "lines"}
    assert {"Reached by 50 % of 2 seeds", "Reached by 100 % of 2 seeds"} <= set(lines)
    some, every = (lines[f"Reached by {share} % of 2 seeds"] for share in (50, 100))
    assert min(some.y) <= min(every.y)
    assert max(some.x) >= max(every.x)


def test_no_def_trains_once_as_long_as_itself(summary: SweepSummary) -> None:
    dots = {dot.name: dot.x[0] for dot in training_time_figure(summary).data}
    assert dots["No-Def"] == 1.0
    assert len(dots) == len(summary.configurations)


def test_importances_are_bars_in_percent(summary: SweepSummary) -> None:
    found = Importances(20, 20, 20, {"acc": {"defense": 0.75, "tl_dmi.freeze_depth": 0.25}})
    acc, att_acc = importance_figure(summary, found).data
    assert dict(zip(acc.y, acc.x, strict=True)) == {"TL-DMI: freeze depth": 25, "Choice of the defence": 75}
    assert len(att_acc.x) == 0
    (note,) = importance_figure(summary, None).layout.annotations
    assert "too few trials" in note.text


def test_every_slice_is_one_part_of_the_figure(summary: SweepSummary) -> None:
    figure = slices_figure(summary)
    assert [note.text for note in figure.layout.annotations] == [one.title for one in slices(summary)]
    assert len(figure.data) == 2 * len(slices(summary)) > 0
