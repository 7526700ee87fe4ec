"""Kinds that an installed package offers as entry points: found by name, imported only then."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrator.skeletons import write_skeleton
from tests.end_to_end.test_plugins_of_every_kind import KINDS, SETUP, SPACE

pytestmark = pytest.mark.timeout(300)

GROUPS = {
    "defense": "tldmi_sweep.defenses",
    "attack": "tldmi_sweep.attacks",
    "prior": "tldmi_sweep.priors",
    "evaluator": "tldmi_sweep.evaluators",
    "dataset": "tldmi_sweep.datasets",
    "target": "tldmi_sweep.targets",
}
"""Noun -> the group of entry points that offers its kinds."""

LOOK_UP = """
import json, sys
import search_spaces.sweep
from search_spaces.registry import REGISTRIES
kinds = json.load(sys.stdin)
found = {}
for registry in REGISTRIES:
    if registry.group not in kinds:
        continue
    kind = kinds[registry.group]
    before = kind in sys.modules
    try:
        registry.find(f"broken_{kind}")
        error = None
    except ValueError as refused:
        error = str(refused)
    known = registry.find(kind)
    found[registry.group] = {
        "imported_unasked": before,
        "error": error,
        "known": known,
        "module": registry[kind].__module__,
        "hash": registry[kind].plugin_hash,
        "dumped": registry[kind]().model_dump(mode="json").get("plugin"),
        "unknown": registry.find("nobody_offers_this"),
    }
json.dump(found, sys.stdout)
"""
"""Prints what each registry makes of a broken kind of its group, of a sound one and of an unknown one."""

COMMANDS = """
import json, sys
from click.testing import CliRunner
from orchestrator.cli import main
done = [CliRunner().invoke(main, words, prog_name="tldmi-sweep") for words in json.load(sys.stdin)]
json.dump([[each.exit_code, each.output] for each in done], sys.stdout)
"""
"""Runs command lines one after the other in one process."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds an installed package: for each group a sound kind and a broken one."""
    site = tmp_path_factory.mktemp("site")
    points = []
    for noun, kind in KINDS.items():
        write_skeleton(noun, kind, site)
        points.append(f"[{GROUPS[noun]}]\n{kind} = {kind}\nbroken_{kind} = broken_kinds\n")
    (site / "broken_kinds.py").write_text("import nowhere_to_be_found\n")
    info = site / "own_kinds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-kinds\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(points))
    return site


def run(site: Path, folder: Path, code: str, given: object) -> Any:
    """Return what ``code`` prints as JSON in a fresh process that has the package of ``site``."""
    path = os.pathsep.join([str(site), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(given),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def found(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what each registry says of the kinds of its group."""
    kinds = {GROUPS[noun]: kind for noun, kind in KINDS.items()}
    answer: dict[str, dict[str, Any]] = run(installed, tmp_path_factory.mktemp("empty"), LOOK_UP, kinds)
    return answer


@pytest.mark.parametrize("noun", KINDS)
def test_a_kind_is_found_by_name_and_its_settings_hold_the_hash_of_the_file(
    installed: Path, found: dict[str, dict[str, Any]], noun: str
) -> None:
    kind, one = KINDS[noun], found[GROUPS[noun]]
    digest = hashlib.sha256((installed / f"{kind}.py").read_bytes()).hexdigest()[:16]
    assert not one["imported_unasked"]
    assert one["known"]
    assert not one["unknown"]
    assert one["module"] == kind
    assert one["hash"] == one["dumped"] == digest


@pytest.mark.parametrize("noun", KINDS)
def test_a_kind_that_cannot_be_imported_is_named_and_breaks_no_other(
    found: dict[str, dict[str, Any]], noun: str
) -> None:
    error = found[GROUPS[noun]]["error"]
    assert f"'broken_{KINDS[noun]}' of broken_kinds cannot be imported" in error
    assert "nowhere_to_be_found" in error
    assert found[GROUPS[noun]]["known"]


def test_commands_know_the_kinds_of_a_package_without_a_plugin_file(installed: Path, tmp_path: Path) -> None:
    files = {"space.yaml": SPACE, "setup.yaml": SETUP}
    files["broken.yaml"] = SPACE.replace("kind: surest", "kind: broken_surest")
    for name, text in files.items():
        lines = [line for line in text.splitlines() if not line.startswith("plugins:")]
        (tmp_path / name).write_text("\n".join(lines))
    validated, broken, planned = run(
        installed,
        tmp_path,
        COMMANDS,
        [
            ["spaces", "validate", "space.yaml", "--data", "setup.yaml"],
            ["spaces", "validate", "broken.yaml", "--data", "setup.yaml"],
            ["plan", "--space", "space.yaml", "--data", "setup.yaml", "--store", "planned"],
        ],
    )
    assert validated[0] == 0, validated[1]
    assert "valid" in validated[1]
    assert planned[0] == 0, planned[1]
    assert "prior components" in planned[1]
    assert broken[0] != 0
    assert "broken_kinds cannot be imported" in " ".join(broken[1].split())
    assert "Traceback" not in broken[1]
