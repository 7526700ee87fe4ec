"""Prints the CPU-seconds of fresh processes of commands, with this tree and with another checkout of it.

python benchmarks/command_start.py ../earlier [STORE] [--repeats 9]
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
START = "from orchestrator.cli import main; main(prog_name='tldmi-sweep')"
COMPLETE = {"_TLDMI_SWEEP_COMPLETE": "bash_complete"}
OF_A_STORE = (["status"], ["gc", "--dry-run"], ["trials", "--quiet"])


def main() -> None:
    """Measure both trees in turn, and print the medians and their ratio for every command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    cases = {"--help": (["--help"], {}), "status --help": (["status", "--help"], {})}
    for words in ("run --space bido", "status runs/"):
        asked = {**COMPLETE, "COMP_WORDS": f"tldmi-sweep {words}", "COMP_CWORD": str(len(words.split()))}
        cases[f"completion of {words!r}"] = ([], asked)
    if options.store:
        cases |= {" ".join(words): ([*words, "--store", options.store], {}) for words in OF_A_STORE}
    for name, (words, variables) in cases.items():
        seconds = {tree: [] for tree in (options.other, HERE)}
        for _ in range(options.repeats):
            for tree, found in seconds.items():
                found.append(cpu_seconds(tree, words, variables))
        other, own = (statistics.median(found) for found in seconds.values())
        print(f"{name}: {other:.3f} s, this tree {own:.3f} s, {other / own:.2f} x")


def cpu_seconds(tree: Path, words: list[str], variables: dict[str, str]) -> float:
    """Return the user and system seconds of one process of ``tree``."""
    environment = {**os.environ, **variables, "PYTHONPATH": str(tree.absolute())}
    before = os.times()
    command = [sys.executable, "-c", START, *words]
    subprocess.run(command, env=environment, cwd=tree, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
