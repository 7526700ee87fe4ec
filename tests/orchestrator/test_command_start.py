"""Commands that look: each is quick, and imports neither torch nor Ray nor Optuna."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from results import open_store
from tests.fixtures.rows import FakeSweep, helping_configs, write_fake_sweep
from tests.fixtures.yardstick import yardstick_seconds
from tests.orchestrator.fake_steps import FAKE

ROOT = Path(__file__).parent.parent.parent
SPACE = """
name: small
description: for tests
defenses: [{kind: tl_dmi, freeze_depth: all}, {kind: bido_hsic}]
attacks: [{kind: gmi}]
search: {trials: 3}
"""

COMMANDS = [
    ["--help"],
    ["run", "--help"],
    ["plan", "--space", "bido_vs_tldmi"],
    ["status"],
    ["trials", "--where", "acc>=0", "--sort", "worst_att_acc"],
    ["logs", "0"],
    ["report", "-o", "page.html", "--force"],
    ["export", "--to", "front.parquet", "--force"],
    ["compare", "tl_dmi-6", "no_def", "--store", "measured"],
    ["spaces", "list"],
    ["spaces", "show", "table12"],
    ["spaces", "copy", "table12"],
    ["schema", "space"],
    ["schema", "tables"],
    ["completion", "zsh"],
    ["spaces", "validate", "small.yaml"],
    ["spaces", "validate", "table12", "--data", "celeba"],
    ["doctor"],
]
QUICK = 10
"""What a command may cost: processor seconds by those of the yardstick's loop, so about two seconds."""
ATTEMPTS = 3
"""Times a command may be measured, as other work disturbs the caches too."""
IMPORTS = """
import sys
from orchestrator.cli import main
try:
    main(sys.argv[1:], standalone_mode=True)
finally:
    heavy = {"torch", "ray", "optuna"} & set(sys.modules)
    print("imported:", *sorted(heavy), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def swept_folder(tmp_path_factory):
    """A folder with one finished sweep of fake steps, and a store with rows of every table."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "small.yaml").write_text(SPACE)
    before = Path.cwd()
    os.chdir(folder)
    try:
        words = ["--space", "small.yaml", "--executor", "inline", "--quiet"]
        assert CliRunner().invoke(main, words, obj=FAKE).exit_code == 0
    finally:
        os.chdir(before)
    measured = FakeSweep(helping_configs(), "aaaa01", classes=8, pictures=False)
    write_fake_sweep(open_store(str(folder / "measured"), create=True), measured)
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_looking_imports_neither_torch_nor_ray_nor_optuna_and_is_quick(swept_folder, words):
    costs = (_run(swept_folder, words) / yardstick_seconds() for _ in range(ATTEMPTS))
    assert any(cost < QUICK for cost in costs)


def _run(folder, words):
    """Run a command, which must import nothing heavy, and return its processor seconds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "said.log").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", IMPORTS, *words],
            stdout=subprocess.DEVNULL, stderr=said, cwd=folder, env=environment,
        )  # fmt: skip
        # Of this process alone: those that earlier tests have left would count among all children.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        errors = said.read()
    assert process.returncode == 0, errors
    assert errors.rstrip().endswith("imported:")
    return used.ru_utime
