"""Sweeps on downloaded sets: pinned before they start, and refused with exit code 2 before any training."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.checks.checks import check_sweep
from orchestrator.checks.pinning import pin_setup
from orchestrator.driver.credits import credit_lines
from orchestrator.driver.sweep import Execution, run_sweep
from search_spaces import Setup, Sweep, load_setup
from search_spaces.datasets import DownloadedSets
from tests.fixtures import downloads
from tests.orchestrator.small_sweeps import small_space
from trainables.datasets import private_classes
from trainables.datasets.sets import InvalidDownload
from trainables.storage.cache import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    downloads.class_folders(tmp_path / "private", classes=3, each=4)
    downloads.class_folders(tmp_path / "public", classes=2, each=3, prefix="Stranger")
    return load_setup(f"class_folders={tmp_path / 'private'},class_folders={tmp_path / 'public'}")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "orchestrator", *words], capture_output=True, text=True)


def test_the_split_is_pinned_before_a_sweep_starts(setup: Setup, tmp_path: Path) -> None:
    first = pin_setup(setup)
    assert isinstance(first.data, DownloadedSets)
    splits = [own.root.sha256 or "" for own in (first.data.private, first.data.public)]
    assert [len(split) for split in splits] == [64, 64]
    sweep = Sweep(space=small_space(), setup=first)
    check_sweep(sweep)
    assert all((tmp_path / "cache" / "splits" / f"{split}.txt").is_file() for split in splits)
    downloads.folders_of(tmp_path / "private", ["Zoe"], 4)
    assert Sweep(space=small_space(), setup=pin_setup(setup)).sweep_id != sweep.sweep_id
    with pytest.raises(InvalidDownload, match="have changed"):
        check_sweep(sweep)


def test_private_classes_are_counted(setup: Setup) -> None:
    assert private_classes(setup.data) == 3
    assert private_classes(setup.data.model_copy(update={"private_classes": 2})) == 2


def test_sets_are_credited_with_their_terms() -> None:
    line = credit_lines(load_setup("facescrub=/s,ffhq=/f"))[0]
    assert "FaceScrub" in line
    assert "FFHQ" in line
    assert "CC BY-NC-SA 4.0" in line


def test_a_corrupt_picture_stops_a_sweep_before_its_store_is_made(setup: Setup, tmp_path: Path) -> None:
    broken = sorted((tmp_path / "public").rglob("*.png"))[4]
    broken.write_text("no picture")
    with pytest.raises(InvalidDownload, match=broken.name):
        run_sweep(small_space(), setup, str(tmp_path / "store"), Execution("inline"))
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("verb", [["plan"], ["run", "--executor", "inline"]])
def test_a_wrong_folder_ends_with_exit_code_2(tmp_path: Path, verb: list[str]) -> None:
    downloads.celeba(tmp_path / "celeba", {14: 3, 1001: 2})
    (tmp_path / "celeba" / "identity_CelebA.txt").unlink()
    options = [
        "--space",
        "bido_vs_tldmi",
        "--data",
        f"celeba={tmp_path / 'celeba'}",
        "--store",
        str(tmp_path / "store"),
    ]
    done = command(*verb, *options)
    assert done.returncode == 2, done.stderr
    assert "the list of identities is missing" in done.stderr
    assert "holds img_align_celeba" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_part_of_celeba_ends_with_exit_code_2_and_says_what_is_missing(tmp_path: Path) -> None:
    root = downloads.celeba(tmp_path / "celeba", {14: 30, 15: 30, 1001: 2})
    done = command("plan", "--space", "bido_vs_tldmi", "--data", f"celeba={root}")
    assert done.returncode == 2, done.stderr
    assert "62 lines in" in done.stderr
    assert "202537 are missing" in done.stderr
    assert "--set data.partial=true" in done.stderr


def test_an_unknown_set_ends_with_exit_code_2() -> None:
    done = command("plan", "--space", "bido_vs_tldmi", "--data", "celba=/nowhere")
    assert done.returncode == 2
    assert "Did you mean 'celeba'" in done.stderr


def test_a_part_of_celeba_is_planned_when_accepted(tmp_path: Path) -> None:
    root = downloads.celeba(tmp_path / "celeba", {14: 30, 15: 30, 1001: 2})
    changes = ["--set", "data.partial=true", "--set", "setup.attacked_classes=2"]
    done = command("plan", "--space", "bido_vs_tldmi", "--data", f"celeba={root}", *changes)
    assert done.returncode == 0, done.stderr
