"""A sweep in which everything is a plugin: defence, attack, prior, evaluator, data set and network."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

import results
from orchestrator.skeletons import write_skeleton

KINDS = {
    "defense": "entropy",
    "attack": "surest",
    "prior": "components",
    "evaluator": "nearest",
    "dataset": "patterns",
    "target": "narrow",
}
"""Noun -> the kind that its plugin file defines."""

SPACE = """
name: mine
description: A defence of my own under an attack of my own.
plugins: [entropy.py, surest.py]
defenses: [{kind: no_def}, {kind: tl_dmi+entropy}]
anchors: [{kind: tl_dmi+entropy, freeze_depth: 1, weight: 0.1}]
attacks: [{kind: surest, prior: components, iterations: 5}]
access: soft_labels
search: {trials: 2}
confirmation: {further_seeds: 0, at_most: 0}
control: {kinds: []}
"""
SETUP = """
name: own
description: Data, network, prior and evaluator of my own.
plugins: [components.py, nearest.py, patterns.py, narrow.py]
data: {kind: patterns}
target: {architecture: narrow, epochs: 2, batch_size: 8, optimizer: adam}
priors: {components: {z_dim: 4}}
evaluators: [{kind: nearest}]
"""
SWEEP = ("--space", "space.yaml", "--data", "setup.yaml")

pytestmark = pytest.mark.timeout(900)  # on a busy machine Ray alone takes minutes to start

COMMANDS = """
import json, sys
from click.testing import CliRunner
from orchestrator.cli import main
done = [CliRunner().invoke(main, words, prog_name="tldmi-sweep") for words in json.load(sys.stdin)]
json.dump([[each.exit_code, each.stdout, each.output] for each in done], sys.stdout)
"""
"""Runs command lines one after the other in one process."""


def run(folder: Path, *commands: Sequence[str]) -> list[str]:
    """Return what each of the commands prints; all must end with code 0."""
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        input=json.dumps(commands),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    ended = json.loads(done.stdout)
    for words, (code, _, output) in zip(commands, ended, strict=True):
        assert code == 0, (words, output)
    return [stdout for _, stdout, _ in ended]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a plugin of each kind, a space and a setup."""
    return fill(tmp_path_factory.mktemp("mine"))


def fill(folder: Path) -> Path:
    """Write a plugin of each kind, a space and a setup into ``folder`` and return it."""
    (folder / "setup.yaml").write_text(SETUP)
    (folder / "space.yaml").write_text(SPACE)
    for noun, kind in KINDS.items():
        write_skeleton(noun, kind, folder)
    return folder


@pytest.fixture(scope="module")
def stores(folder: Path) -> dict[str, results.SweepResults]:
    """Return the sweep by the executor that it ran on."""
    for executor in ("inline", "ray"):
        run(folder, [*SWEEP, "--store", executor, "--executor", executor])
    return {executor: results.load(str(folder / executor)) for executor in ("inline", "ray")}


def test_commands_know_every_kind_before_anything_runs(folder: Path) -> None:
    plugins = [word for kind in KINDS.values() for word in ("--plugin", f"{kind}.py")]
    valid, shown, planned, space_schema, setup_schema, found = run(
        folder,
        ["spaces", "validate", "space.yaml", "--data", "setup.yaml"],
        ["spaces", "show", "space.yaml"],
        ["plan", *SWEEP, "--store", "planned"],
        ["schema", *plugins, "space"],
        ["schema", *plugins, "setup"],
        ["doctor", *plugins, "--json"],
    )
    assert "valid" in valid
    assert "Surest" in shown
    assert "TL-DMI + Entropy" in shown
    assert "prior components" in planned
    assert "evaluator nearest" in planned
    assert not (folder / "planned").exists()
    for text, document in ((SPACE, space_schema), (SETUP, setup_schema)):
        jsonschema.validate(yaml.safe_load(text), json.loads(document))
    components = {(each["group"], each["name"]): each for each in json.loads(found)["findings"]}
    for noun, kind in KINDS.items():
        group = {"defense": "defence", "dataset": "data"}.get(noun, noun)
        assert components[group, kind]["state"] == "ok"
        assert components[group, kind]["text"]


@pytest.mark.parametrize("executor", ["inline", "ray"])
def test_rows_name_every_kind(stores: dict[str, results.SweepResults], executor: str) -> None:
    sweep = stores[executor]
    assert set(sweep.trials["state"]) == {"done"}
    assert set(sweep.targets["architecture"]) == {"narrow"}
    assert set(sweep.targets["data"]) == {"patterns"}
    assert "TL-DMI + Entropy (depth 1, w 0.1)" in set(sweep.targets["label"])
    assert set(sweep.attacks["attack"]) == {"surest"}
    assert set(sweep.attacks["attack_label"]) == {"Surest"}
    assert set(sweep.attacks["evaluator"]) == {"nearest"}
    assert {"prior", "evaluator"} <= set(sweep.pieces["kind"])


def test_on_ray_the_rows_are_those_of_one_process(stores: dict[str, results.SweepResults]) -> None:
    inline, on_ray = (
        stores[executor].reconstructions.sort_values(
            ["attack_id", "class_index", "restart"], ignore_index=True
        )
        for executor in ("inline", "ray")
    )
    assert len(inline) == 2 * 4 * 2
    pd.testing.assert_frame_equal(inline, on_ray)


def test_what_was_found_is_listed_and_drawn(folder: Path, stores: dict[str, results.SweepResults]) -> None:
    listed, _ = run(folder, ["trials", "inline", "--json"], ["report", "inline", "--force"])
    kinds = {each["defense"] for each in json.loads(listed)["trials"]}
    assert kinds == {"no_def", "tl_dmi+entropy"}
    page = (folder / "inline" / "report.html").read_text()
    for word in ("Surest", "Entropy", "narrow", "nearest"):
        assert word in page


IDENTITIES = """
import json
from pathlib import Path
from search_spaces import Sweep, load_setup, load_space

def identities():
    sweep = Sweep(space=load_space("space.yaml"), setup=load_setup("setup.yaml"))
    pieces = sweep.trial(sweep.space.anchors[0], 0).pieces().values()
    return {"sweep": sweep.sweep_id, **{piece.kind: piece.piece_id for piece in pieces}}

found = {"": identities()}
for path in sorted(Path().glob("*.py")):
    whole = path.read_text()
    path.write_text(whole + "# changed")
    found[path.stem] = identities()
    path.write_text(whole)
print(json.dumps([found, identities()]))
"""
"""Prints the identities of a trial as the plugin files are, with each of them changed, and once more."""


def test_a_changed_file_makes_other_pieces_and_no_more(tmp_path: Path) -> None:
    fill(tmp_path)
    for path in tmp_path.glob("test_*.py"):
        path.unlink()
    words = [sys.executable, "-c", IDENTITIES]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, again = json.loads(done.stdout)
    assert found[""] == again
    depend = {
        "defense": {"target", "attack"},
        "attack": {"attack"},
        "prior": {"prior", "attack"},
        "evaluator": {"evaluator", "attack"},
        "dataset": {"target", "prior", "evaluator", "attack"},
        "target": {"target", "attack"},
    }
    for noun, kind in KINDS.items():
        changed = {name for name, value in found[kind].items() if value != again[name]}
        assert changed == {"sweep", *depend[noun]}, noun
