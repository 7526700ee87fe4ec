"""``report`` and ``export`` from the command line: what is refused, what is skipped, the codes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from results import open_store
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = open_store("runs/one", create=True)
    write_fake_sweep(found, FakeSweep([FakeConfig("no_def", 0.9, {"gmi": 0.5})], classes=4))
    return found


def run(*words):
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize("words", [("report", "-o", "r.html"), ("export", "--to", "front.csv")])
def test_unreadable_parts_are_named_and_give_exit_code_3(store, words):
    store.put_bytes("curves/broken.parquet", b"PAR1")
    result = run(*words)
    assert result.exit_code == 3
    assert "1 part(s) of the store could not be read" in result.stderr
    assert "curves/broken.parquet" in result.stderr
    assert Path(words[-1]).exists()


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json", "tex", "png", "svg", "pdf", "html"])
def test_every_format_is_written_once(store, suffix):
    words = ("export", "--to", f"front.{suffix}")
    assert run(*words).exit_code == 0
    data = Path(f"front.{suffix}").read_bytes()
    again = run(*words)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert Path(f"front.{suffix}").read_bytes() == data
    assert run(*words, "--force").exit_code == 0


def test_a_folder_that_is_no_store_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    result = run("report", "pictures")
    assert result.exit_code == 2
    assert "No store at" in result.stderr
    assert not Path("report.html").exists()


def test_private_pictures_need_the_settings_of_the_sweep(store):
    result = run("report", "--with-private-images")
    assert result.exit_code == 2
    assert "settings" in result.stderr
    assert not Path("report.html").exists()
