"""Python and SQL of the pages, run on a store of invented rows; types and columns of frames as documented."""

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import orchestrator.running
import results
from results.schema import SCHEMAS
from results.stores.compaction import compact
from search_spaces import Space
from search_spaces.loading import load_space
from tests.fixtures.rows import FakeConfig, FakeSweep, write_fake_sweep
from tests.orchestrator.fake_steps import FAKE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
STORES = ("runs/bido_vs_tldmi-orl_faces", "runs/quick-persons")
CONFIGS = [
    FakeConfig("no_def", 0.967, {"gmi": 0.62, "brepmi": 0.48}, seeds=(0, 1)),
    FakeConfig("bido_hsic", 0.917, {"gmi": 0.50, "brepmi": 0.40}, None, 0.05, 0.5),
    FakeConfig("tl_dmi", 0.95, {"gmi": 0.35, "brepmi": 0.20}, 6, seeds=(0, 1)),
    FakeConfig("tl_dmi+bido_hsic", 0.883, {"gmi": 0.22, "brepmi": 0.12}, 8, 0.03, 0.4),
    FakeConfig("no_def", 0.05, {"gmi": 0.05}, control="permuted_labels", role="control"),
]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stores that the pages name, 60 classes each, and another sweep in each of them."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        for name in STORES:
            store = results.open_store(str(folder / name), create=True)
            write_fake_sweep(store, FakeSweep(CONFIGS[:1], "older", classes=4, pictures=False))
            write_fake_sweep(store, FakeSweep(CONFIGS, "sweep01", classes=60, pictures=False))
    shutil.copytree(DOCS / "tutorial", folder / "docs" / "tutorial")
    return folder


@pytest.fixture(autouse=True)
def in_the_folder(swept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(swept)
    monkeypatch.setattr(orchestrator.running, "build_piece", FAKE)


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


PAGES = [page.name for page in sorted(DOCS.glob("*.md")) if blocks(page.name, "python")]


@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_runs_from_top_to_bottom(page: str) -> None:
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        if "load_target" in block:
            continue  # invented rows have no weights; tests/end_to_end/test_pages.py runs it on a real sweep
        exec(compile(block, page, "exec"), names)


def test_enough_pages_have_python() -> None:
    assert {"python.md", "metrics.md", "schema.md", "tutorial.md"} <= set(PAGES)


@pytest.mark.parametrize("merged", [False, True], ids=["many files", "merged files"])
def test_queries_and_frames_give_the_same_numbers(merged: bool) -> None:
    if merged:
        assert compact(results.open_store(STORES[0]), at_least=2)
        assert list(Path(STORES[0]).glob("attacks/merged/*.parquet"))
    by_defence, by_class = blocks("schema.md", "sql")
    sweep = results.load(STORES[0])
    expected = (
        sweep.attacks.query("control == 'none'")
        .groupby(["label", "attack"])["att_acc"]
        .agg(["size", "mean"])
        .sort_index()
    )
    connection = duckdb.connect()
    found = connection.sql(by_defence).df()
    assert found["attacks"].tolist() == expected["size"].tolist()
    assert found["att_acc"].tolist() == pytest.approx(expected["mean"].tolist())

    connection.execute("SET VARIABLE sweep = 'sweep01'")
    rows = sweep.reconstructions.assign(hit=(sweep.reconstructions["rank"] == 0).astype(float))
    classes = rows.groupby(["attack", "class_name"])["hit"].mean().sort_index()
    assert connection.sql(by_class).df()["recognised"].tolist() == pytest.approx(classes.tolist())

    query = blocks("schema.md", "python")[-1].rstrip()
    names: dict[str, Any] = {}
    exec(query.replace("\n(\n", "\nfound = (\n"), names)
    polars: pl.DataFrame = names["found"].sort("label", "attack")
    assert polars["attacks"].to_list() == expected["size"].tolist()
    assert polars["att_acc"].to_list() == pytest.approx(expected["mean"].tolist())


def test_columns_and_types_of_configurations_are_those_of_the_page() -> None:
    page = (DOCS / "python.md").read_text()
    documented = {}
    for names, kind in re.findall(r"^\| (`.+`) \| (\w+) \| .+ \|$", page, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            each = (
                [name.replace("_K", f"_{attack}") for attack in ("gmi", "brepmi")] if "_K" in name else [name]
            )
            documented |= dict.fromkeys(each, kind)
    frame = results.load(STORES[0]).configurations()
    assert {str(name): str(kind) for name, kind in frame.dtypes.items()} == documented
    older = results.load(STORES[0], "older").configurations().dtypes
    assert older.to_dict() == frame.dtypes[older.index].to_dict()


def test_types_of_tables_are_those_of_the_page() -> None:
    page = (DOCS / "python.md").read_text()
    kinds = {
        stored: written
        for names, written in re.findall(r"^\| ([\w, ]+) \| (.+) \|$", page, re.MULTILINE)
        for stored, written in zip(names.split(", "), re.findall(r"`([^`]+)`", written), strict=False)
    }
    sweep = results.load(STORES[0])
    for name, schema in SCHEMAS.items():
        frame: pd.DataFrame = getattr(sweep, name)
        for column in schema:
            stored = re.split(r"[<\[]", str(column.type))[0]
            assert str(frame[column.name].dtype) == kinds[stored], (name, column.name)


def test_the_space_of_the_page_is_valid() -> None:
    text = next(block for block in blocks("spaces.md", "yaml") if block.startswith("name:"))
    Path("mine.yaml").write_text(text)
    assert isinstance(load_space("mine.yaml"), Space)
