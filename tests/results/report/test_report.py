"""The report's text: honest in every state of a sweep, self-contained, small, and safe with any name."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from results import UnknownSweep, load, open_store, render_report
from results.figures.front_plot import spread
from results.reader import SweepResults
from results.report.pictures import MOST_PRIVATE
from results.report.report import MOST_PICTURED
from results.report.selection import select_configurations
from tests.fixtures.rows import (
    FakeConfig,
    FakeSweep,
    fake_sheet,
    helping_configs,
    hopeless_configs,
    many_configs,
    write_fake_sweep,
)

NO_DEF = FakeConfig("no_def", 0.95, {"gmi": 0.6})


def results_of(folder: Path, sweep: FakeSweep) -> SweepResults:
    store = open_store(str(folder / "runs"), create=True)
    write_fake_sweep(store, sweep)
    return load(store.uri)


def without_library(page: str) -> str:
    """Return the page without plotly.js, whose text is not ours."""
    before, _, rest = page.partition("<script>")
    return before + rest.partition("</script>")[2]


class Outline(HTMLParser):
    """What a page holds: its texts, tables and pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tables: list[dict[str, int]] = []
        self.unscoped: list[str] = []
        self.without_alt: list[str] = []
        self.pictures: list[str] = []
        self._skipped = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._skipped = tag in ("script", "style")
        if tag == "table":
            self.tables.append({"caption": 0})
        if tag == "caption":
            self.tables[-1]["caption"] += 1
        if tag == "th" and found.get("scope") not in ("row", "col"):
            self.unscoped.append(str(attrs))
        if tag == "img":
            self.pictures.append(found.get("src") or "")
            if not found.get("alt"):
                self.without_alt.append(str(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._skipped = False

    def handle_data(self, data: str) -> None:
        if not self._skipped and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> str:
    sweep = FakeSweep(helping_configs(), failures=("the loss became NaN in epoch 3",), planned={"search": 8})
    return render_report(results_of(tmp_path_factory.mktemp("helped"), sweep))


def test_nothing_is_fetched_from_elsewhere(helped: str) -> None:
    assert "default-src 'none'" in helped
    ours = without_library(helped)
    assert not re.findall(r"""(?:src|href|url|action)\s*[=(]\s*["']?\s*(?:https?:)?//""", ours)
    assert not re.search(r"@import|<link|<iframe", ours)


def test_the_library_is_inlined_once(helped: str) -> None:
    assert helped.count("plotly.js v") == 1
    assert len(helped) < 8e6


def test_tables_and_pictures_are_accessible(helped: str) -> None:
    outline = Outline(without_library(helped))
    assert len(outline.tables) >= 8
    assert all(table["caption"] == 1 for table in outline.tables)
    assert outline.unscoped == []
    assert outline.without_alt == []
    assert all(source.startswith("data:image/") for source in outline.pictures)


def test_the_page_tells_what_a_reader_needs(helped: str) -> None:
    text = Outline(without_library(helped)).text
    for expected in (
        "bido_vs_tldmi on orl_faces",
        "6 of 6 defended configurations lowered",
        "Largest drop, worst attack 15.0 % TL-DMI (depth 11)",
        "on the front, hypervolume 0.808",
        "TL-DMI front depth 11",
        "the loss became NaN in epoch 3",
        "trained on permuted labels",
        "face_embedding:sface headline 98.3",
        "trained_classifier second 95.0",
        "Are the evaluators reliable?",
        "Evaluators differ because",
        "Against No-Def",
        "p, sign test",
        "sd over seeds",
        "Invented pictures, made for tests.",
        "Training T 12",
        "Attack BREP-MI 12",
        "0123456789abcdef0123456789abcdef01234567",
        "torch 2.15.0",
    ):
        assert expected in text, expected
    assert "example-host" not in text


def test_a_sweep_where_nothing_helped_says_so_first(tmp_path: Path) -> None:
    configs = [NO_DEF, FakeConfig("tl_dmi", 0.9, {"gmi": 0.65}, 4)]
    text = Outline(without_library(render_report(results_of(tmp_path, FakeSweep(configs))))).text
    assert "On this data no defence lowered" in text


def test_an_empty_store_says_what_to_run(tmp_path: Path) -> None:
    results = load(open_store(str(tmp_path), create=True).uri)
    page = render_report(results)
    assert "tldmi-sweep --space" in page
    assert "plotly.js v" not in page
    with pytest.raises(UnknownSweep):
        render_report(results, "abc")


def test_an_unfinished_sweep_says_how_to_go_on(tmp_path: Path) -> None:
    sweep = FakeSweep([NO_DEF], planned={"search": 8, "control": 1})
    text = Outline(without_library(render_report(results_of(tmp_path, sweep)))).text
    assert "This sweep is not finished: 1 trial done, 8 left." in text
    assert "tldmi-sweep --space bido_vs_tldmi" in text
    assert "No verdict yet" in text


def test_a_sweep_with_failures_alone_has_a_page(tmp_path: Path) -> None:
    text = Outline(
        without_library(render_report(results_of(tmp_path, FakeSweep([], failures=("collapsed",)))))
    ).text
    assert "collapsed" in text
    assert "no configuration has finished" in text


def test_a_weak_headline_evaluator_is_warned_about(tmp_path: Path) -> None:
    weak = Outline(render_report(results_of(tmp_path / "a", FakeSweep([NO_DEF], evaluator_acc=0.89)))).text
    assert "recognises only 89.0 % of the real private" in weak
    strong = Outline(render_report(results_of(tmp_path / "b", FakeSweep([NO_DEF], evaluator_acc=0.91)))).text
    assert "recognises only" not in strong


def test_a_control_above_chance_is_warned_about(tmp_path: Path) -> None:
    control = FakeConfig("no_def", 0.05, {"gmi": 0.4}, control="untrained", role="control")
    text = Outline(render_report(results_of(tmp_path, FakeSweep([NO_DEF, control])))).text
    assert "the attacks reach 40.0 %" in text


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    evil = '<script>alert(1)</script><b onmouseover="x">'
    sweep = FakeSweep([NO_DEF], classes=2, class_names=(evil, "</td>"), failures=(evil,), space=evil)
    ours = without_library(render_report(results_of(tmp_path, sweep)))
    assert "<script>alert" not in ours
    assert "<b onmouseover" not in ours
    outline = Outline(ours)
    assert outline.texts.count(evil) == 2
    assert f"{evil} on orl_faces" in outline.texts


def test_unreadable_parts_are_named(tmp_path: Path) -> None:
    results = results_of(tmp_path, FakeSweep([NO_DEF]))
    results.store.put_bytes("targets/broken.parquet", b"PAR1")
    text = Outline(render_report(load(results.store.uri))).text
    assert "1 part of the store could not be read" in text
    assert "targets/broken.parquet" in text


def test_the_figure_without_scripts_has_a_legend_of_its_own(tmp_path: Path) -> None:
    page = render_report(results_of(tmp_path, FakeSweep(helping_configs())))
    _, _, figure = page.partition("<figure>")
    families, _, rest = figure.partition("<noscript>")
    assert "BiDO-HSIC</span>" in families
    drawn = Outline(rest.partition("</noscript>")[0]).text
    assert "Dashed: Chance 5.0" in drawn
    assert "Dotted: Control 5.0" in drawn


def script_data(page: str, attribute: str) -> Any:
    """Return the JSON of the script element with this attribute."""
    _, _, rest = page.partition(f'<script type="application/json" {attribute}>')
    return json.loads(rest.partition("</script>")[0])


def details_of(page: str, config_id: str) -> Any:
    return script_data(page, 'id="details-data"')[config_id]


def test_each_configuration_has_the_details_of_its_trials(tmp_path: Path) -> None:
    config = FakeConfig("tl_dmi", 0.9, {"gmi": 0.25}, 4, seeds=(0, 1))
    results = results_of(tmp_path, FakeSweep([NO_DEF, config], classes=8, restarts=2))
    trials = details_of(render_report(results), config.config_id)["trials"]
    assert [(trial["number"], trial["role"], trial["seed"]) for trial in trials] == [
        (1, "search", 0),
        (2, "confirmation", 1),
    ]
    attack = trials[0]["attacks"][0]
    assert (sum(attack["hits"]), sum(attack["judged"])) == (4, 16)
    assert attack["classes"] == list(range(8))
    assert sum(attack["confidence"]) == attack["confidence"][-1] == 16
    assert trials[0]["curves"]["epoch"] == [1, 2, 3]
    assert trials[0]["curves"]["Loss"] == [3.0, 1.5, 1.0]
    assert "KL" not in trials[0]["curves"]


def test_hits_of_a_class_are_those_of_its_rows(tmp_path: Path) -> None:
    results = results_of(tmp_path, FakeSweep([NO_DEF], classes=5, restarts=4))
    attack = details_of(render_report(results), NO_DEF.config_id)["trials"][0]["attacks"][0]
    rows = results.reconstruction_rows().to_pylist()
    for index, hits in zip(attack["classes"], attack["hits"], strict=True):
        assert hits == sum(row["rank"] == 0 for row in rows if row["class_index"] == index)


def test_a_missing_picture_file_is_named(tmp_path: Path) -> None:
    results = results_of(tmp_path, FakeSweep([NO_DEF], classes=3))
    path = "artifacts/sheets/a-gmi-no_def-None-None-none-0.png"
    (tmp_path / "runs" / path).unlink()
    text = Outline(without_library(render_report(results))).text
    assert "1 picture file of the store is missing or damaged" in text
    assert f"{path} : no such file" in text


def tiles(page: str) -> list[str]:
    return re.findall(r'<img src="(data:image/webp[^"]+)"', page)


def test_reconstructions_stand_beside_their_class(tmp_path: Path) -> None:
    page = render_report(results_of(tmp_path, FakeSweep([NO_DEF], classes=5)))
    assert len(tiles(page)) == 5
    assert page.count('alt="GMI reconstruction of person_03 from No-Def') == 1
    hits = page.count('class="tile recognised"')
    assert hits == page.count(": recognised&#34;") + page.count(': recognised"')


def test_the_picture_shown_is_the_cell_of_the_first_restart(tmp_path: Path) -> None:
    """A sheet whose cells each have one grey level: the tile of class 2 has that of line 2, column 0."""
    results = results_of(tmp_path, FakeSweep([NO_DEF], classes=4, restarts=3))
    levels = Image.new("L", (3, 4))
    levels.putdata([20 * index for index in range(12)])
    buffer = io.BytesIO()
    levels.resize((96, 128), Image.Resampling.NEAREST).save(buffer, "PNG")
    results.store.put_bytes("artifacts/sheets/a-gmi-no_def-None-None-none-0.png", buffer.getvalue())
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
        for uri in tiles(render_report(results))
    ]
    assert [picture.size for picture in pictures] == [(32, 32)] * 4
    greys = [picture.convert("L").getpixel((16, 16)) for picture in pictures]
    assert greys == pytest.approx([0, 60, 120, 180], abs=4)


def test_missing_and_broken_sheets_cost_only_their_pictures(tmp_path: Path) -> None:
    results = results_of(tmp_path, FakeSweep([NO_DEF, FakeConfig("tl_dmi", 0.9, {"gmi": 0.1}, 4)], classes=3))
    results.store.put_bytes("artifacts/sheets/a-gmi-no_def-None-None-none-0.png", b"no picture")
    assert len(tiles(render_report(results))) == 3
    bare = results_of(tmp_path / "bare", FakeSweep([NO_DEF], pictures=False))
    assert 'id="reconstructions"' not in render_report(bare)


def test_private_pictures_are_shown_only_when_given(tmp_path: Path) -> None:
    results = results_of(tmp_path, FakeSweep([NO_DEF], classes=3))
    assert 'alt="Private picture' not in render_report(results)
    picture = fake_sheet(1, 1, np.random.default_rng(0))
    page = render_report(results, private_images={0: [picture] * 6, 2: [b"broken"]})
    assert page.count('alt="Private picture of') == 1
    assert "protect it like the data" in page
    private = script_data(page, 'id="pictures-data"')["private"]
    assert {index: len(uris) for index, uris in private.items()} == {"0": MOST_PRIVATE, "1": 0, "2": 0}


def test_without_the_option_a_page_holds_no_private_picture_and_says_so(tmp_path: Path) -> None:
    page = render_report(results_of(tmp_path, FakeSweep([NO_DEF], classes=3)))
    assert script_data(page, 'id="pictures-data"')["private"] == {}
    assert "Private pictures are not in this file." in Outline(without_library(page)).text


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_hundreds_of_trials_stay_small(tmp_path: Path, count: int) -> None:
    results = results_of(tmp_path, FakeSweep(many_configs(count), classes=4, restarts=1))
    page = render_report(results)
    assert len(page.encode()) < 8e6
    assert f"{count - 40} more configurations" in page
    assert len(script_data(page, 'id="rows-data"')) == count
    shown = select_configurations(results.summary(), MOST_PICTURED)
    assert len(shown) <= 1 + MOST_PICTURED + 3
    assert len(tiles(page)) == 4 * len(shown)


def test_every_family_is_shown_even_when_none_is_on_the_front(tmp_path: Path) -> None:
    results = results_of(
        tmp_path, FakeSweep([*hopeless_configs(), FakeConfig("tl_dmi", 0.8, {"gmi": 0.9, "brepmi": 0.1}, 3)])
    )
    assert [one.defense for one in results.summary().front] == ["no_def"]
    shown = [one.config_id for one in select_configurations(results.summary(), 4)]
    assert shown == ["no_def-None-None-none", "bido_hsic-None-0p05-none", "tl_dmi-6-None-none"]


def test_a_long_front_is_thinned_evenly() -> None:
    summary = range(11)
    assert spread(summary, 3) == [0, 5, 10]
    assert spread(summary, 20) == list(summary)
