"""How far a sweep has come, and what a status costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from results import StoreMissing, SweepRecord, UnknownSweep, load, open_store, read_sweep, status, write_sweep
from tests.fixtures.rows import FakeSweep, helping_configs, write_fake_sweep

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def uri(tmp_path: Path) -> str:
    store = open_store(str(tmp_path), create=True)
    planned = {"search": 10, "confirmation": 4, "control": 1}
    write_fake_sweep(store, FakeSweep(helping_configs(), failures=("the loss became NaN",), planned=planned))
    return store.uri


def test_counts_by_role(uri: str) -> None:
    found = status(uri)
    assert found.done == {"search": 7, "confirmation": 4, "control": 1}
    assert found.failed == {"search": 1}
    assert found.left == {"search": 2, "confirmation": 0, "control": 0}
    assert not found.finished
    assert found.failures[0].reason == "the loss became NaN"
    assert found.title == "bido_vs_tldmi on orl_faces"


def test_the_front_so_far_is_that_of_the_report(uri: str) -> None:
    found, summary = status(uri), load(uri).summary()
    assert [one.config_id for one in found.front] == [one.config_id for one in summary.front]
    assert [one.point for one in found.front] == [one.point for one in summary.front]
    assert found.hypervolume == summary.hypervolume


def test_what_is_left_of_the_plan_is_counted_by_role(uri: str) -> None:
    found = status(uri)
    assert found.front[-1].label == "No-Def"
    assert found.left == {"search": 2, "confirmation": 0, "control": 0}


def test_without_a_plan_nothing_is_said_to_be_left(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_fake_sweep(store, FakeSweep(helping_configs()[:1]))
    assert status(store.uri).left is None
    assert not status(store.uri).finished


def test_unknown_sweeps_and_missing_stores_are_named(uri: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownSweep, match="sweep000000000001"):
        status(uri, "other")
    with pytest.raises(StoreMissing):
        status(str(tmp_path / "none"))


def test_an_empty_store_has_a_status(tmp_path: Path) -> None:
    found = status(open_store(str(tmp_path), create=True).uri)
    assert found.sweep_id is None
    assert found.front == ()


def test_a_recorded_sweep_without_trials_has_a_status(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    write_sweep(store, SweepRecord("abc", "space", "setup", {"search": 3}))
    assert status(store.uri).left == {"search": 3}


def test_a_sweep_record_comes_back_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    record = SweepRecord("abc", "space", "setup", {"search": 3}, ("credit",), "tldmi-sweep --space space")
    write_sweep(store, record)
    assert read_sweep(store, "abc") == record
    for damaged in (b"", b"[]", b"{}", b'{"sweep_id": "abc", "more": 1}'):
        store.put_bytes("sweeps/abc.json", damaged)
        assert read_sweep(store, "abc") is None


def imported(code: str) -> set[str]:
    """Return the modules that ``code`` imports in a fresh process."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_results_costs_nothing() -> None:
    modules = imported("import results")
    assert not modules & {"pandas", "pyarrow", "numpy", "plotly", "torch", "ray", "optuna"}


def test_a_status_imports_little(uri: str) -> None:
    modules = imported(f"import results; results.status({uri!r})")
    assert not modules & {"pandas", "plotly", "matplotlib", "torch", "ray", "optuna", "scipy"}
    assert not modules & {"moocore", "pyarrow.compute"}


def test_reports_import_no_torch(uri: str) -> None:
    modules = imported(f"import results; results.render_report(results.load({uri!r}))")
    assert not modules & {"torch", "ray", "optuna"}


def test_every_public_name_can_be_had() -> None:
    import results

    assert sorted(results._HOME_OF) == results.__all__
    assert all(getattr(results, name) is not None for name in results.__all__)
    with pytest.raises(AttributeError):
        _ = results.no_such_name
