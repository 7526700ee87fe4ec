"""Sweeps in memory, and the parts of a finished sweep, which become one file where there are many."""

import uuid
from functools import partial
from pathlib import Path

import pytest

from orchestrator import Execution, run_sweep
from orchestrator.driver import garbage as collection
from orchestrator.driver.outputs import output_folder
from orchestrator.errors import InvalidRequest
from orchestrator.locks import sweep_lock
from results.stores.address import StoreAddress
from results.stores.compaction import compact, mergeable
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import Piece, load_setup
from tests.orchestrator.small_sweeps import small_space
from trainables.build import StepOutcome


def nothing(piece: Piece, store: Store) -> StepOutcome:
    return StepOutcome("done", values={"acc": 0.5, "att_acc": 0.25})


def run(uri: str) -> int:
    outcome = run_sweep(small_space(), load_setup("orl_faces"), uri, Execution("inline", build=nothing))
    return outcome.ran


@pytest.fixture
def uri() -> str:
    return f"memory://{uuid.uuid4().hex}"


def test_a_sweep_in_memory_runs_and_resumes(uri: str) -> None:
    ran = run(uri)
    assert ran == open_store(uri).read_rows("trials").num_rows > 6
    assert run(uri) == 0


def test_a_sweep_in_memory_is_no_matter_for_a_cluster(uri: str) -> None:
    with pytest.raises(InvalidRequest, match="inline"):
        run_sweep(small_space(), load_setup("orl_faces"), uri, Execution("ray", build=nothing))


def test_outputs_of_a_sweep_in_memory_lie_under_runs() -> None:
    assert output_folder("memory://mine") == Path("runs/mine")


def test_parts_of_a_finished_sweep_are_merged_where_there_are_many(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(uri)
    store = open_store(uri)
    before = store.read_rows("trials")
    assert store.list_paths("trials/merged/") == []
    monkeypatch.setattr(collection, "mergeable", partial(mergeable, at_least=2))
    monkeypatch.setattr(collection, "compact", partial(compact, at_least=2))
    with sweep_lock(StoreAddress.parse(uri), "another"):
        run(uri)
        assert store.list_paths("trials/merged/") == []
    run(uri)
    assert len(store.list_paths("trials/")) == 1
    assert store.read_rows("trials").equals(before)
    assert run(uri) == 0
