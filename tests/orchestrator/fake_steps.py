"""Steps without torch: their reports follow from the configuration alone, and a log says who ran when.

They live in a module of their own so that Ray's workers can import them.
"""

import ipaddress
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import Store, StoreNotWritable
from search_spaces import AttackConfig, Piece, TargetConfig, seed_stream
from trainables.build import StepOutcome

SECONDS = float(os.environ.get("FAKE_STEP_SECONDS", "0.02"))
HOLD = os.environ.get("FAKE_STEP_HOLD")
"""File with a number of trials: while it is there, no T is trained once so many trials have a row."""
LONGEST_HOLD_SECONDS = 200


Step = Callable[[Any, Store], StepOutcome]


def log(store: Store, what: str) -> None:
    """Append one line to the log of the store, in a folder; short appends are atomic."""
    if store.uri.startswith("s3://"):
        return
    with (Path(store.uri) / "steps.log").open("a") as file:
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


def hold(store: Store) -> None:
    """Wait for as long as a test wants the sweep to stay where it is."""
    deadline = time.monotonic() + LONGEST_HOLD_SECONDS
    while HOLD and (most := _held_at(Path(HOLD))) is not None and time.monotonic() < deadline:
        if len(store.units("trials")) < most:
            return
        time.sleep(0.1)


def _held_at(file: Path) -> int | None:
    return int(file.read_text()) if file.exists() else None


def train(piece: TargetConfig, store: Store) -> StepOutcome:
    log(store, f"target {piece.piece_id}")
    hold(store)
    time.sleep(SECONDS)
    return StepOutcome("done", values={"acc": fraction(piece.piece_id, "acc")})


def attack(piece: AttackConfig, store: Store) -> StepOutcome:
    log(store, f"{piece.attack.kind} {piece.target.piece_id}")
    time.sleep(SECONDS)
    return StepOutcome("done", values={"att_acc": fraction(piece.piece_id)})


def other(piece: Piece, store: Store) -> StepOutcome:
    """Build a prior, an evaluator or any other piece."""
    log(store, f"{piece.kind} {piece.piece_id}")
    if piece.kind != "evaluator":
        time.sleep(SECONDS)
    return StepOutcome("done")


@dataclass(frozen=True)
class FakeBuild:
    """Builds each piece by the function of its kind."""

    target: Step = train
    attack: Step = attack
    other: Step = other

    def __call__(self, piece: Piece, store: Store) -> StepOutcome:
        if isinstance(piece, TargetConfig):
            return self.target(piece, store)
        return (self.attack if isinstance(piece, AttackConfig) else self.other)(piece, store)


def failing_target(piece: TargetConfig, store: Store) -> StepOutcome:
    if piece.defense.kind == "tl_dmi":
        return StepOutcome("failed", "the loss is NaN in epoch 1")
    return train(piece, store)


def raising_attack(piece: AttackConfig, store: Store) -> StepOutcome:
    if piece.attack.kind == "gmi" and piece.target.defense.kind == "bido_hsic":
        raise RuntimeError("no pictures")
    return attack(piece, store)


def dying_target(piece: TargetConfig, store: Store) -> StepOutcome:
    """Kill the own process at the first attempt to train No-Def with the first seed."""
    if piece.defense.kind == "no_def" and piece.control == "none" and piece.seed == 0:
        died = Path(store.uri) / "died"
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return train(piece, store)


def listening_evaluator(piece: Piece, store: Store) -> StepOutcome:
    """Log the addresses on which the own process listens when an evaluator is built."""
    if piece.kind == "evaluator":
        for address in listening():
            log(store, f"listens {address}")
    return other(piece, store)


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


def storeless_attack(piece: AttackConfig, store: Store) -> StepOutcome:
    """Find the store full after the work was done."""
    raise StoreNotWritable("Cannot write to the store: No space left on device")


FAKE = FakeBuild()
STORELESS = FakeBuild(attack=storeless_attack)
