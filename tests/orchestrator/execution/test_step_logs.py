"""What a step logs and warns of is kept beside its rows, and shown as people read it."""

import logging
import warnings
from pathlib import Path

import pytest

from orchestrator.execution.steps import perform_step
from results import Store, open_store
from search_spaces import TargetConfig
from search_spaces.datasets import ORLFaces
from search_spaces.defenses import Defense
from search_spaces.targets import TargetSettings
from trainables.build import StepOutcome
from trainables.storage.artifacts import ArtifactRebuilt

CONFIG = TargetConfig(
    data=ORLFaces(), target=TargetSettings(architecture="small_vgg"), defense=Defense(), seed=0
)


def talkative(config: TargetConfig, store: Store) -> StepOutcome:
    """Do nothing but say things."""
    logging.getLogger("somebody").warning("said in passing")
    warnings.warn("weights are corrupt; built again now", ArtifactRebuilt, stacklevel=1)
    warnings.warn("a library's own business", FutureWarning, stacklevel=1)
    return StepOutcome("done")


def failing(config: TargetConfig, store: Store) -> StepOutcome:
    """Fail after a warning."""
    warnings.warn("weights are corrupt; built again now", ArtifactRebuilt, stacklevel=1)
    raise RuntimeError("no more")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path), create=True)


@pytest.mark.filterwarnings("default")
def test_own_warnings_are_a_line_and_others_as_python_shows_them(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_, **__: shown.append(str(message)))
    perform_step(talkative, CONFIG, store.uri)
    assert capsys.readouterr().err.splitlines() == ["warning: weights are corrupt; built again now"]
    assert shown == ["a library's own business"]


@pytest.mark.filterwarnings("default")
def test_the_log_has_all_of_them_in_their_order(store: Store) -> None:
    report = perform_step(talkative, CONFIG, store.uri)
    assert report.log == CONFIG.log_path
    lines = store.get_bytes(report.log).decode().splitlines()
    assert lines[0].startswith("target done after ")
    assert lines[1].endswith("said in passing")
    assert lines[2:] == [
        "ArtifactRebuilt: weights are corrupt; built again now",
        "FutureWarning: a library's own business",
    ]


@pytest.mark.filterwarnings("default")
def test_a_failure_keeps_what_came_before_it_and_python_shows_warnings_as_before(store: Store) -> None:
    before = warnings.showwarning
    report = perform_step(failing, CONFIG, store.uri)
    text = store.get_bytes(str(report.log)).decode()
    assert report.status == "failed"
    assert "no more" in str(report.reason)
    assert text.index("ArtifactRebuilt") < text.index("Traceback")
    assert warnings.showwarning is before
