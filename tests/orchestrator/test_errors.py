"""Each kind of error has its exit code; our own complaints about input are told from defects."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.errors import ExitCode, InvalidRequest, SweepInUse, Terminated, Unreachable, exit_code
from results import StoreMissing, StoreNotWritable, StoreUnreachable
from search_spaces import InvalidSpace
from search_spaces.targets import TargetSettings
from trainables.storage.archives import ArchiveUnavailable

pytestmark = pytest.mark.load


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest("x"), 2),
        (InvalidSpace("x"), 2),
        (StoreMissing("x"), 2),
        (StoreNotWritable("x"), 2),
        (StoreUnreachable("x"), 5),
        (ArchiveUnavailable("x"), 2),
        (Terminated(), 4),
        (Unreachable("x"), 5),
        (SweepInUse("x"), 5),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_exit_codes(error, code):
    assert exit_code(error) is ExitCode(code)


def test_an_error_of_pydantic_that_nobody_translated_is_a_defect() -> None:
    with pytest.raises(ValidationError) as error:
        TargetSettings.model_validate({})
    assert exit_code(error.value) is ExitCode.UNEXPECTED


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", [["spaces", "list"], ["--help"], ["schema", "space"]])
def test_output_on_a_full_disk_is_said_in_a_line(words: list[str]) -> None:
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "orchestrator", *words]
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=200, check=False
        )
    assert ended.returncode == ExitCode.UNREACHABLE
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: the output cannot be written: No space left")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_full_disk_under_all_that_is_printed_ends_with_its_code_too(unbuffered: str) -> None:
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "orchestrator", "spaces", "list"]
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        ended = subprocess.run(command, stdout=full, stderr=full, env=environment, timeout=200, check=False)
    assert ended.returncode == ExitCode.UNREACHABLE
