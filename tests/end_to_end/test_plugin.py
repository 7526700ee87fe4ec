"""A defence of one's own: one file from the skeleton, its contract, and a sweep of it in one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import results

SETUP = """
name: tiny
description: Drawn persons, few and small.
data:
  {kind: drawn_persons, private_people: 4, images_per_private_person: 8, test_per_class: 3, public_people: 24,
  images_per_public_person: 2, resolution: 16}
target: {architecture: small_vgg, epochs: 2, batch_size: 8, optimizer: adam}
priors:
  wgan_gp: {width: 4, critic_width: 4, z_dim: 8, autoencoder_steps: 4, critic_warmup_steps: 1,
    generator_steps: 0, batch_size: 8}
evaluators: [{kind: known_attributes, epochs: 1}]
attack_budgets: {gmi: {iterations: 2, restarts: 1}}
"""
SPACE = """
name: mine
description: A defence of my own beside TL-DMI.
plugins: [entropy.py]
defenses: [{kind: no_def}, {kind: tl_dmi}, {kind: tl_dmi+entropy}]
anchors: [{kind: entropy, weight: 0.2}, {kind: tl_dmi+entropy, freeze_depth: 2, weight: 0.1}]
attacks: [{kind: gmi}]
search: {trials: 3}
confirmation: {further_seeds: 0, at_most: 0}
control: {kinds: []}
"""


def run(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    (folder / "setup.yaml").write_text(SETUP)
    (folder / "space.yaml").write_text(SPACE)
    assert "it works as it is" in run(folder, "plugin", "new", "defense", "entropy")
    return folder


def test_the_skeleton_says_what_it_defines_and_is_not_overwritten(folder: Path) -> None:
    assert "defence part entropy: Cross-entropy minus weight" in run(folder, "plugin", "show", "entropy.py")
    assert "exists already" in run(folder, "plugin", "new", "defense", "entropy", code=2)
    assert "would hide a package" in run(folder, "plugin", "new", "defense", "results", code=2)


def test_the_skeleton_keeps_the_contract(folder: Path) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_entropy.py"]
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_sweep_holds_its_rows_labels_and_columns(folder: Path) -> None:
    store = folder / "inline"
    words = ["--space", "space.yaml", "--data", "setup.yaml", "--store", "inline", "--executor", "inline"]
    assert "Entropy (w 0.2)" in run(folder, *words)
    sweep = results.load(str(store))
    front = sweep.configurations().set_index("label")
    assert front.loc["Entropy (w 0.2)", "weight"] == 0.2
    assert front.loc["TL-DMI + Entropy (depth 2, w 0.1)", "freeze_depth"] == 2
    mine = sweep.targets.set_index("label").loc["Entropy (w 0.2)"]
    (part,) = json.loads(mine["defense_settings"])
    assert len(part["plugin"]) == 16
    curves = sweep.curves[sweep.curves["target_id"] == mine["target_id"]]
    assert set(curves["name"]) >= {"loss", "cross_entropy", "entropy", "train_acc"}
    assert "Entropy" in (store / "report.html").read_text()


def test_a_store_never_runs_the_plugin_that_it_keeps(folder: Path) -> None:
    run(folder, "--space", "space.yaml", "--data", "setup.yaml", "--store", "inline", "--executor", "inline")
    text = run(folder, "retry", "inline", "1", "--executor", "inline", code=2)
    assert "name them with --plugin FILE.py" in text
    assert "entropy.py" in text
