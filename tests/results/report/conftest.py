"""A browser, and a page to open in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from results import load, open_store, render_report
from results.statistics.summary import SweepSummary
from results.stores.store import Store
from results.sweeps.trial_logs import StepLog, TrialLog, write_trial_log
from tests.fixtures.browser import EVIL, FLAGS, find
from tests.fixtures.rows import FakeSweep, defense_columns, helping_configs, write_fake_sweep


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium with an empty profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        wrapped = Path("/usr/lib/chromium/chromium")
        options.binary_location = (
            str(wrapped) if wrapped.exists() else find("chromium", "chromium-browser", "google-chrome")
        )
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(find("chromedriver")))
        yield driver
        driver.quit()


@pytest.fixture(scope="session")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepSummary, Path]:
    """A sweep with a hostile class name, and its page."""
    folder = tmp_path_factory.mktemp("page")
    store = open_store(str(folder / "runs"), create=True)
    names = (EVIL, *(f"person_{index:02d}" for index in range(1, 20)))
    sweep = FakeSweep(helping_configs(), class_names=names, failures=("the loss became NaN",), space=EVIL)
    write_fake_sweep(store, sweep)
    write_log_of_a_failure(store, sweep.sweep_id)
    results = load(store.uri)
    page = folder / "report.html"
    page.write_text(render_report(results), encoding="utf-8")
    return results.summary(), page


def write_log_of_a_failure(store: Store, sweep_id: str) -> None:
    """Write what a trial that failed left behind, hostile lines in it."""
    (failure,) = load(store.uri).summary().failures
    store.put_bytes("logs/steps/t.log", f"Traceback\n{EVIL}\nValueError: the loss became NaN".encode())
    target = {
        "defense": {"kind": "tl_dmi", "freeze_depth": 9},
        "seed": 0,
        "control": "none",
        "data": {"kind": EVIL},
    }
    defense = defense_columns("tl_dmi", {"freeze_depth": 9})
    step = StepLog("target", "failed", 4.0, failure.reason, "host-1", "logs/steps/t.log")
    ended = ("failed", failure.reason, "2026-01-01T00:00:00", "2026-01-01T00:01:00")
    trial = {"target": target, "attacks": [{"attack": {"kind": "gmi"}}]}
    write_trial_log(store, TrialLog(sweep_id, failure.number, failure.role, trial, *ended, (step,), defense))
