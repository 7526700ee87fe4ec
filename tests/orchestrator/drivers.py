"""Drivers as processes of their own, and the commands of another shell."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from results import open_store
from results.stores.address import StoreAddress
from tests.chaos.monkey import below

ROOT = Path(__file__).parent.parent.parent
LIMIT = 200
"""Seconds after which a process counts as hanging."""
PAUSE_SECONDS = {False: 0.02, True: 0.2}
"""Between two looks: each is work for the server of a bucket, which the driver waits for as well."""
SPACE = """
name: small
description: for tests
defenses: [{kind: tl_dmi, freeze_depth: all}, {kind: bido_hsic}]
attacks: [{kind: gmi}]
search: {trials: 6}
control: {kinds: []}
"""


class Driver:
    """``tldmi-sweep --space small.yaml`` on fake steps, in the folder ``folder``."""

    def __init__(self, folder, store, *options, build="FAKE", seconds=0.2, held_at=None, **variables):
        (folder / "small.yaml").write_text(SPACE)
        self.store = str(store)
        self._opened = None
        self._hold = folder / "hold"
        if held_at is not None:
            self._hold.write_text(str(held_at))
        words = ["--space", "small.yaml", "--store", self.store]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.orchestrator.driver", build, *words, "--json", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, start_new_session=True,
            env={
                **os.environ, "PYTHONPATH": str(ROOT), "FAKE_STEP_SECONDS": str(seconds),
                "FAKE_STEP_HOLD": str(self._hold), **variables,
            },
        )  # fmt: skip

    @property
    def trials(self):
        """How many trials have a row."""
        try:
            self._opened = self._opened or open_store(self.store)
            return len(self._opened.units("trials"))
        except ValueError:  # not a store yet
            return 0

    def let_go(self):
        """Let the steps go on that the sweep was held at."""
        self._hold.unlink()

    def interrupt(self):
        """Press Ctrl-C as on a terminal: all processes of the group hear it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait_for(self, condition):
        """Wait until ``condition`` of this driver holds, while it runs."""
        deadline = time.monotonic() + LIMIT
        while not condition(self):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, "the driver makes no progress"
            time.sleep(PAUSE_SECONDS[StoreAddress.parse(self.store).is_bucket])
        return self

    def kill_one(self, title):
        """Kill a process below the driver's as soon as there is one whose title or program is ``title``."""
        victims = []

        def found(one):
            victims.extend(pid for pid, words in below(one.process.pid) if _is(title, words))
            return victims

        self.wait_for(found)
        os.kill(victims[0], signal.SIGKILL)

    def ended(self):
        """Wait for the end; return the exit code, the document on standard output and standard error."""
        try:
            output, errors = self.process.communicate(timeout=LIMIT)
        finally:
            self.process.kill()
        return self.process.returncode, json.loads(output) if output else None, errors


def _is(title, words):
    return words.startswith(title) or Path(words.split(" ")[0]).name == title


def shell(*words, folder):
    """Run a command of another shell; return its exit code and its output."""
    result = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        capture_output=True, text=True, cwd=folder, timeout=LIMIT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr
