"""Every benchmark can be started with the code as it is."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"

IMPORT_ALL = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
for path in sys.argv[2:]:
    runpy.run_path(path, run_name="not_main")
"""


def test_every_benchmark_can_be_imported() -> None:
    paths = sorted(map(str, BENCHMARKS.glob("*.py")))
    assert len(paths) > 10
    words = [sys.executable, "-c", IMPORT_ALL, str(BENCHMARKS), *paths]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=BENCHMARKS.parent)
    assert done.returncode == 0, done.stderr
