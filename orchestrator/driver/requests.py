"""Requests to the driver of a sweep, left in the store by other processes: stop, cancel, retry.

A request names the run it is for, so that one that comes late never touches a later run.
"""

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from results import PathMissing, Store

Verb = Literal["stop", "cancel"]
FOLDER = "requests"


@dataclass(frozen=True)
class EndRequest:
    """A wish that a run ends: after its running trials (``stop``), or now (``cancel``)."""

    verb: Verb
    run: str
    pid: int
    host: str
    at: str

    @property
    def reason(self) -> str:
        """Who asked for what."""
        asked = "a stop" if self.verb == "stop" else "a cancel"
        return f"process {self.pid} on {self.host} asked for {asked}"


def ask_to_end(store: Store, sweep_id: str, verb: Verb, run: str) -> None:
    """Leave a request for the driver of ``run``; a later one replaces it."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    request = EndRequest(verb, run, os.getpid(), platform.node(), at)
    store.put_bytes(_end_path(sweep_id), json.dumps(asdict(request)).encode())


def read_end_request(store: Store, sweep_id: str, run: str) -> EndRequest | None:
    """Return the request left for ``run``; one for another run, or a damaged one, is none."""
    plain = _read(store, _end_path(sweep_id))
    if plain.get("run") != run or plain.get("verb") not in {"stop", "cancel"}:
        return None
    return EndRequest(**{name: plain.get(name) for name in EndRequest.__dataclass_fields__})  # type: ignore[arg-type]


def ask_to_retry(store: Store, sweep_id: str, numbers: list[int], run: str) -> None:
    """Ask the driver of ``run`` to run the failed trials ``numbers`` again when the rest is done."""
    store.put_bytes(_retry_path(sweep_id), json.dumps({"numbers": numbers, "run": run}).encode())


def read_retry_request(store: Store, sweep_id: str, run: str) -> list[int]:
    """Return the trials that ``run`` was asked to run again, and forget the request."""
    request = _read(store, _retry_path(sweep_id))
    if request:
        store.delete(_retry_path(sweep_id))
    numbers = request.get("numbers")
    if request.get("run") != run or not isinstance(numbers, list):
        return []
    return [number for number in numbers if isinstance(number, int)]


def forget_requests(store: Store, sweep_id: str, of: Callable[[object], bool]) -> None:
    """Remove the requests of a sweep to runs of which ``of`` holds; a damaged one is to ``None``."""
    for path in (_end_path(sweep_id), _retry_path(sweep_id)):
        if of(_read(store, path).get("run")):
            store.delete(path)


def _end_path(sweep_id: str) -> str:
    return f"{FOLDER}/{sweep_id}.end.json"


def _retry_path(sweep_id: str) -> str:
    return f"{FOLDER}/{sweep_id}.retry.json"


def _read(store: Store, path: str) -> dict[str, object]:
    try:
        data = store.get_bytes(path)
    except PathMissing:
        return {}
    try:
        plain = json.loads(data)
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}
