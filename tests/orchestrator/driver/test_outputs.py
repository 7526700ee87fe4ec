"""Where reports and fronts are written: never over a folder that the user has for something else."""

import uuid
from pathlib import Path

import pytest

from orchestrator.driver.outputs import OUTPUTS, output_folder, write_outputs, written_report
from orchestrator.driver.sweep import Execution, run_sweep
from search_spaces import load_setup
from tests.orchestrator.fake_steps import FAKE
from tests.orchestrator.small_sweeps import small_space, small_sweep


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in memory with a finished sweep; its outputs lie under ``runs`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    name = f"memory://{uuid.uuid4().hex}"
    run_sweep(small_space(), load_setup("orl_faces"), name, Execution("inline", build=FAKE))
    return name


def test_outputs_are_replaced_by_those_of_the_same_store(uri: str) -> None:
    folder = output_folder(uri)
    assert folder == Path("runs") / uri.removeprefix("memory://")
    first = write_outputs(uri, small_sweep().sweep_id, ran=1)
    assert first == [folder / name for name in OUTPUTS]
    first[0].write_text("an old page")
    assert write_outputs(uri, small_sweep().sweep_id, ran=1) == first
    assert first[0].read_text() != "an old page"
    assert written_report(uri) == first[0]


@pytest.mark.parametrize("name", ["front.csv", "report.html", "store.json", ".hidden"])
def test_a_folder_of_the_user_is_left_alone(uri: str, name: str) -> None:
    folder = output_folder(uri)
    folder.mkdir(parents=True)
    (folder / name).write_text("the user's own")
    paths = write_outputs(uri, small_sweep().sweep_id, ran=1)
    assert {path.parent for path in paths} == {output_folder(uri)} != {folder}
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "the user's own"
    assert written_report(uri) == paths[0]


def test_stores_whose_names_look_alike_do_not_share_a_folder(uri: str) -> None:
    write_outputs(uri, small_sweep().sweep_id, ran=1)
    name = uri.removeprefix("memory://")
    assert output_folder(f"s3://{name}") != output_folder(uri)
