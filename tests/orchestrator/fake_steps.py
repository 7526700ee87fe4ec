"""Steps without torch: their reports follow from the configuration alone, and a log says who ran when.

They live in a module of their own so that Ray's workers can import them.
"""

import ipaddress
import os
import signal
import time
from pathlib import Path
from typing import Any

from orchestrator.execution.steps import StepReport, Steps
from results import StoreNotWritable, open_store
from search_spaces import AttackConfig, EvaluatorConfig, PriorConfig, TargetConfig, seed_stream

SECONDS = float(os.environ.get("FAKE_STEP_SECONDS", "0.02"))
HOLD = os.environ.get("FAKE_STEP_HOLD")
"""File with a number of trials: while it is there, no T is trained once so many trials have a row."""
LONGEST_HOLD_SECONDS = 200


def log(store_uri: str, what: str) -> None:
    """Append one line to the log of the store, in a folder; short appends are atomic."""
    if store_uri.startswith("s3://"):
        return
    with (Path(store_uri) / "steps.log").open("a") as file:
        file.write(f"{os.getpid()} {what}\n")


def logged(store_uri: str) -> list[str]:
    """Return what was done on this store, in order."""
    path = Path(store_uri) / "steps.log"
    return [line.split(maxsplit=1)[1] for line in path.read_text().splitlines()] if path.exists() else []


def worker_pids(store_uri: str) -> set[str]:
    """Return the processes that did it."""
    return {line.split()[0] for line in (Path(store_uri) / "steps.log").read_text().splitlines()}


def fraction(*names: Any) -> float:
    """Return a number in [0, 1) that follows from ``names``."""
    return seed_stream(0, *names) / 2**63


def hold(store_uri: str) -> None:
    """Wait for as long as a test wants the sweep to stay where it is."""
    deadline = time.monotonic() + LONGEST_HOLD_SECONDS
    while HOLD and (most := _held_at(Path(HOLD))) is not None and time.monotonic() < deadline:
        if len(open_store(store_uri).units("trials")) < most:
            return
        time.sleep(0.1)


def _held_at(file: Path) -> int | None:
    return int(file.read_text()) if file.exists() else None


def train(config: TargetConfig, store_uri: str) -> StepReport:
    log(store_uri, f"target {config.piece_id}")
    hold(store_uri)
    time.sleep(SECONDS)
    return StepReport("done", values={"acc": fraction(config.piece_id, "acc")})


def attack(config: AttackConfig, store_uri: str) -> StepReport:
    log(store_uri, f"{config.attack.kind} {config.target.piece_id}")
    time.sleep(SECONDS)
    return StepReport("done", values={"att_acc": fraction(config.piece_id)})


def generator(config: PriorConfig, store_uri: str) -> StepReport:
    log(store_uri, f"generator {config.piece_id}")
    time.sleep(SECONDS)
    return StepReport("done")


def evaluator(config: EvaluatorConfig, store_uri: str) -> StepReport:
    log(store_uri, f"evaluator {config.piece_id}")
    return StepReport("done")


def failing_target(config: TargetConfig, store_uri: str) -> StepReport:
    if config.defense.kind == "tl_dmi":
        return StepReport("failed", "the loss is NaN in epoch 1")
    return train(config, store_uri)


def raising_attack(config: AttackConfig, store_uri: str) -> StepReport:
    if config.attack.kind == "gmi" and config.target.defense.kind == "bido_hsic":
        raise RuntimeError("no pictures")
    return attack(config, store_uri)


def dying_target(config: TargetConfig, store_uri: str) -> StepReport:
    """Kill the own process at the first attempt to train No-Def with the first seed."""
    if config.defense.kind == "no_def" and config.control == "none" and config.seed == 0:
        died = Path(store_uri) / "died"
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return train(config, store_uri)


def listening_evaluator(config: EvaluatorConfig, store_uri: str) -> StepReport:
    """Log the addresses on which the own process listens."""
    for address in listening():
        log(store_uri, f"listens {address}")
    return evaluator(config, store_uri)


def listening() -> set[str]:
    """Return the addresses of the process's listening TCP sockets, from Linux's tables."""
    links = {os.readlink(link) for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in links:
                words = bytes.fromhex(local.partition(":")[0])
                packed = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
                address = ipaddress.ip_address(packed)
                found.add(str(getattr(address, "ipv4_mapped", None) or address))
    return found


def storeless_attack(config: AttackConfig, store_uri: str) -> StepReport:
    """Find the store full after the work was done."""
    raise StoreNotWritable("Cannot write to the store: No space left on device")


FAKE = Steps(train, attack, generator, evaluator)
STORELESS = Steps(train, storeless_attack, generator, evaluator)
