"""The figures draw every configuration once, in percent, and write nothing."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from results import front_figure, front_png, load, open_store
from results.figures.front_plot import MOST_DRAWN, plot_front, thin_out
from results.figures.printed import drawing_bytes, front_drawing
from results.statistics.summary import SweepSummary
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, many_configs, write_fake_sweep


def summary_of(folder: Path, sweep: FakeSweep) -> SweepSummary:
    store = open_store(str(folder), create=True)
    write_fake_sweep(store, sweep)
    return load(store.uri).summary()


@pytest.fixture
def summary(tmp_path: Path) -> SweepSummary:
    return summary_of(tmp_path, FakeSweep(helping_configs(), pictures=False))


def traces(figure: go.Figure, mode: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.mode == mode]


def test_every_configuration_is_one_marker_in_percent(summary: SweepSummary) -> None:
    markers = traces(front_figure(summary), "markers")
    drawn = {
        name: (x, y)
        for trace in markers
        for name, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }
    expected = {one.config_id: (100 * one.acc, 100 * one.point[1]) for one in summary.configurations}
    assert drawn.keys() == expected.keys()
    assert all(drawn[name] == pytest.approx(expected[name]) for name in expected)
    assert sum(len(trace.x) for trace in markers) == 7


def test_each_family_has_its_colour_and_marker(summary: SweepSummary) -> None:
    markers = traces(front_figure(summary), "markers")
    assert [trace.name for trace in markers] == ["No-Def", "TL-DMI", "BiDO-HSIC", "TL-DMI + BiDO-HSIC"]
    assert len({(trace.marker.color, trace.marker.symbol) for trace in markers}) == 4


def test_the_step_line_is_the_least_att_acc_at_each_acc(summary: SweepSummary) -> None:
    xs, ys = plot_front(summary).step
    points = [(100 * one.acc, 100 * one.point[1]) for one in summary.configurations]
    for (x1, y1), (x2, y2) in zip(zip(xs, ys, strict=True), list(zip(xs, ys, strict=True))[1:], strict=False):
        assert x1 == x2 or y1 == y2
        middle = (x1 + x2) / 2
        if x1 != x2:
            assert y1 == pytest.approx(min(y for x, y in points if x >= middle))


def test_error_bars_reach_to_the_interval(summary: SweepSummary) -> None:
    trace = next(trace for trace in traces(front_figure(summary), "markers") if trace.name == "TL-DMI")
    one = next(one for one in summary.configurations if one.config_id == trace.customdata[0])
    assert one.worst_interval is not None
    assert trace.y[0] + trace.error_y.array[0] == pytest.approx(100 * one.worst_interval[1])
    assert trace.y[0] - trace.error_y.arrayminus[0] == pytest.approx(100 * one.worst_interval[0])
    single = trace.customdata.index("tl_dmi-13-None-none")
    assert trace.error_x.array[single] == trace.error_x.arrayminus[single] == 0


def test_with_many_points_only_the_front_and_no_def_carry_bars(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, FakeSweep(many_configs(40), classes=5, pictures=False))
    points = plot_front(summary).points
    bars = {point.configuration.config_id for point in points if any(point.reach_y)}
    assert bars == {one.config_id for one in summary.configurations if one.on_front or one.is_anchor}
    assert len(bars) < 40


def test_chance_and_control_are_marked(summary: SweepSummary) -> None:
    lines = {trace.name: trace.y[0] for trace in traces(front_figure(summary), "lines")}
    assert lines["Chance 5.0 %"] == pytest.approx(5.0)
    assert lines["Control 5.0 %"] == pytest.approx(5.0)


def test_hovering_tells_what_the_configuration_is(summary: SweepSummary) -> None:
    texts = [text for trace in traces(front_figure(summary), "markers") for text in trace.text]
    hybrid = next(text for text in texts if text.startswith("<b>TL-DMI + BiDO-HSIC"))
    for expected in ("depth 8", "λx 0.03", "λy 0.4", "GMI AttAcc", "BREP-MI AttAcc", "Δ ", "560 k of 1.2 M"):
        assert expected in hybrid


def test_hover_texts_cannot_carry_markup(summary: SweepSummary) -> None:
    odd = replace(summary.configurations[0], label="<img src=x onerror=alert(1)>")
    figure = front_figure(replace(summary, configurations=(odd,)))
    assert "<img" not in figure.to_json().replace("\\u003c", "<")


@pytest.mark.parametrize("configs", [[], [FakeConfig("no_def", 0.9, {"gmi": 0.5})]])
def test_no_point_and_one_point_can_be_drawn(tmp_path: Path, configs: list[FakeConfig]) -> None:
    summary = summary_of(tmp_path, FakeSweep(configs))
    assert sum(len(trace.x) for trace in traces(front_figure(summary), "markers")) == len(configs)
    assert Image.open(io.BytesIO(front_png(summary))).size == (1280, 800)


def test_the_picture_is_the_same_each_time_and_shows_its_points(summary: SweepSummary) -> None:
    data = front_png(summary)
    assert data == front_png(summary)
    colours = {colour for _, colour in Image.open(io.BytesIO(data)).convert("RGB").getcolors(1 << 24) or []}
    assert (0x00, 0x72, 0xB2) in colours
    assert (0xD5, 0x5E, 0x00) in colours or len(colours) > 50


def test_one_attack_has_a_front_of_its_own(summary: SweepSummary) -> None:
    figure = front_figure(summary, "brepmi")
    assert figure.layout.yaxis.title.text == "BREP-MI attack accuracy (%)"
    drawn = {
        name: y
        for trace in traces(figure, "markers")
        for name, y in zip(trace.customdata, trace.y, strict=True)
    }
    assert drawn == pytest.approx(
        {one.config_id: 100 * one.attacks["brepmi"].att_acc for one in summary.configurations}
    )
    points = [(point.x, point.y) for point in plot_front(summary, "brepmi").points]
    for point in plot_front(summary, "brepmi").points:
        beaten = any(x >= point.x and y <= point.y and (x, y) != (point.x, point.y) for x, y in points)
        assert point.on_front is not beaten


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_a_drawing_is_the_same_file_each_time(summary: SweepSummary, form: Any, start: bytes) -> None:
    data = drawing_bytes(front_drawing(summary), form)
    assert data.startswith(start)
    assert data == drawing_bytes(front_drawing(summary), form)


def test_thousands_of_points_are_thinned_and_the_front_is_kept(summary: SweepSummary) -> None:
    first = summary.configurations[-1]
    many = [replace(first, config_id=f"c{index}", acc=index / 10_000) for index in range(5000)]
    kept = {"c17", "c4001"}
    shown = thin_out(many, kept)
    assert len(shown) == MOST_DRAWN
    assert kept <= {one.config_id for one in shown}
    gaps = np.diff(sorted(one.acc for one in shown))
    assert gaps.max() < 5e-4
