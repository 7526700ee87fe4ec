"""Failed trials open on the page with configuration, reason, the end of their log and their command."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from results import load, open_store, render_report
from results.report.trial_details import LINES, MOST_CHARACTERS
from results.sweeps.record import SweepRecord, write_sweep
from results.sweeps.trial_logs import StepLog, TrialLog, write_trial_log
from tests.fixtures.rows import FakeSweep, defense_columns, helping_configs, write_fake_sweep

REASON = "the loss became NaN in epoch 3"
TRIAL = {
    "target": {
        "data": {"kind": "orl_faces"},
        "target": {"architecture": "face_resnet", "epochs": 20},
        "defense": {"kind": "bido_hsic", "lambda_x": 0.1, "lambda_y": 1.5},
        "seed": 0,
        "control": "none",
    },
    "attacks": [{"attack": {"kind": "gmi", "iterations": 300}}],
}

DEFENSE = defense_columns("bido_hsic", {"lambda_x": 0.1, "lambda_y": 1.5})


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store of a sweep whose last trial failed while T was trained, with its logs."""
    store = open_store(str(tmp_path), create=True)
    sweep = FakeSweep(helping_configs(), classes=4, failures=(REASON,), pictures=False)
    write_fake_sweep(store, sweep)
    command = "tldmi-sweep --space bido_vs_tldmi"
    write_sweep(store, SweepRecord(sweep.sweep_id, "bido_vs_tldmi", "orl_faces", command=command))
    (failure,) = load(store.uri).summary().failures
    lines = [f"line {number} {'x' * 2 * MOST_CHARACTERS}" for number in range(100)]
    store.put_bytes("logs/steps/t.log", "\n".join([*lines, "</script><b>end"]).encode())
    steps = (
        StepLog("generator", "found"),
        StepLog("target", "failed", 4.0, REASON, "host-1", "logs/steps/t.log"),
    )
    ended = ("2026-01-01T00:00:00", "2026-01-01T00:01:00")
    write_trial_log(
        store,
        TrialLog(
            sweep.sweep_id, failure.number, failure.role, TRIAL, "failed", REASON, *ended, steps, DEFENSE
        ),
    )
    return store


def failed_of(page: str) -> dict[str, Any]:
    _, _, rest = page.partition('id="failed-data">')
    found: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return found


def test_a_failed_trial_has_its_configuration_its_steps_and_the_end_of_its_log(store: Any) -> None:
    page = render_report(load(store.uri))
    ((number, found),) = failed_of(page).items()
    assert f'data-failed="{number}"' in page
    assert (found["reason"], found["label"]) == (REASON, "BiDO-HSIC (λx 0.1, λy 1.5)")
    assert dict(found["settings"])["Defence"] == "BiDO-HSIC, lambda_x 0.1, lambda_y 1.5"
    assert "iterations 300" in dict(found["settings"])["Attack"]
    assert [step[:2] for step in found["steps"]] == [["generator", "found"], ["target", "failed"]]
    ((step, text),) = found["log"]
    assert (step, len(text.splitlines())) == ("target", LINES)
    assert max(map(len, text.splitlines())) == MOST_CHARACTERS
    assert text.endswith("</script><b>end")
    assert "</script><b>end" not in page
    assert "target not trained" not in page


def test_its_command_repeats_its_configuration(store: Any) -> None:
    ((_, found),) = failed_of(render_report(load(store.uri))).items()
    words = shlex.split(found["command"])
    (anchors,) = [word for word in words if word.startswith("anchors=")]
    assert json.loads(anchors.removeprefix("anchors=")) == [TRIAL["target"]["defense"]]
    assert words[words.index("--seed") + 1] == "0"


def test_without_a_log_the_reason_remains(store: Any) -> None:
    store.delete("logs/steps/t.log")
    ((number, found),) = failed_of(render_report(load(store.uri))).items()
    assert (found["log"], found["reason"]) == ([], REASON)
    store.delete(f"logs/trials/{load(store.uri).sweep_id}-{int(number):04d}.json")
    ((_, found),) = failed_of(render_report(load(store.uri))).items()
    assert set(found) == {"role", "label", "reason"}


def test_beyond_their_room_they_are_counted(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.report.trial_panels.FAILURE_BYTES", 100)
    page = render_report(load(store.uri))
    assert failed_of(page) == {}
    assert "data-failed" not in page.partition("<dialog")[0]
    assert "this page omits the logs of 1 failed trial" in page
