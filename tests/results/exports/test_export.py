"""Each format holds the configurations of the sweep, and nothing is overwritten unasked."""

import errno
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from results import ExportRefused, export, load, open_store
from results.exports.exporting import SUFFIXES
from results.reader import SweepResults
from tests.fixtures.rows import FakeConfig, FakeSweep, helping_configs, many_configs, write_fake_sweep


@pytest.fixture
def results(tmp_path: Path) -> SweepResults:
    store = open_store(str(tmp_path / "runs"), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs(), planned={"search": 20}))
    return load(store.uri)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tables_read_back_as_the_frame(results: SweepResults, tmp_path: Path, suffix: str) -> None:
    path = export(results, tmp_path / f"out{suffix}")
    read = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    pd.testing.assert_frame_equal(_plain(read), _plain(results.configurations()), check_dtype=False)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with every unknown value as ``None``, whatever a file format makes of it."""
    return frame.astype(object).where(frame.notna(), None)


def test_json_is_strict_and_holds_front_and_progress(results: SweepResults, tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is not JSON")

    document = json.loads(export(results, tmp_path / "out.json").read_text(), parse_constant=refuse)
    assert len(document["configurations"]) == 8
    assert document["front"] == [one.config_id for one in results.summary().front]
    assert document["hypervolume"] == results.summary().hypervolume
    assert document["left"] == {"search": 13}
    assert document["configurations"][0]["delta"] is None


def test_png_and_html_are_what_they_say(results: SweepResults, tmp_path: Path) -> None:
    assert Image.open(io.BytesIO(export(results, tmp_path / "out.png").read_bytes())).format == "PNG"
    assert export(results, tmp_path / "out.html").read_text().startswith("<!doctype html>")


def test_tex_has_a_block_of_rows_for_each_attack(results: SweepResults, tmp_path: Path) -> None:
    text = export(results, tmp_path / "out.tex").read_text()
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 1 + 2 * 7
    assert {line.count("&") for line in rows} == {8}
    assert [line.split(" & ")[0] for line in rows if not line.startswith(" ")] == ["Attack", "BREP-MI", "GMI"]
    assert text.count(r"\midrule") == 2
    assert r"$\lambda_x$ 0.05" in text
    assert r"62.5 $\pm$ 3.0 & 53.8 to 71.2" in text
    assert "\N{MINUS SIGN}" not in text
    notes = [line for line in text.splitlines() if line.startswith("%")]
    assert notes[-1] == "% 20 classes attacked, chance 5.0 %, control attacks 5.0 %"
    assert not re.search(r"(?<!\\)[%#]", text[text.index(r"\begin") :])
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


def test_tex_of_a_sweep_without_attacks_is_a_table_of_times(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "runs"), create=True)
    configs = [FakeConfig("no_def", 0.9, {}, seconds=100.0), FakeConfig("tl_dmi", 0.88, {}, 4, seconds=69.0)]
    write_fake_sweep(store, FakeSweep(configs))
    text = export(load(store.uri), tmp_path / "times.tex").read_text()
    assert r"TL-DMI (depth 4) & 69.0 & 0.69 & 88.0 \\" in text


def test_tex_of_very_many_configurations_is_short_and_says_so(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "runs"), create=True)
    write_fake_sweep(store, FakeSweep(many_configs(45), classes=4, restarts=1, pictures=False))
    text = export(load(store.uri), tmp_path / "many.tex").read_text()
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) < 20
    assert f"% No-Def, the front and the best of the other families; {45 - len(rows) + 1} more" in text


def test_an_existing_file_is_kept_unless_forced(results: SweepResults, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(ExportRefused, match="--force"):
        export(results, path)
    assert path.read_text() == "mine"
    assert export(results, path, force=True).read_text().startswith("config_id,")


@pytest.mark.parametrize("name", ["out.xlsx", "out", "no/such/folder/out.csv"])
def test_unknown_suffixes_and_folders_are_refused(results: SweepResults, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportRefused):
        export(results, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_private_pictures_go_nowhere_but_into_a_report(results: SweepResults, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="report"):
        export(results, tmp_path / "out.csv", private_images={})


def test_an_empty_store_exports_too(tmp_path: Path) -> None:
    results = load(open_store(str(tmp_path / "empty"), create=True).uri)
    for suffix in SUFFIXES:
        assert export(results, tmp_path / f"out{suffix}").exists()


def test_a_read_only_file_system_is_refused_in_a_sentence(
    results: SweepResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There even removing a file that does not exist fails."""

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(ExportRefused, match="Read-only file system"):
        export(results, tmp_path / "out.csv")
