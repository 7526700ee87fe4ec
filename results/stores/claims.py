"""A claim on a name in a bucket: held by one process at a time, and free again when its holder falls silent.

Local stores need none: the system frees a file lock with its holder. A bucket knows conditional writes: an
object is made only where none is, or replaced only if it is still the one that was seen. The age of a claim
is measured with the server's clock alone, so that clocks of different machines do not matter.

A holder that was silent (its process was stopped, its machine slept) may have an heir before its thread runs
again. So whoever acts on the claim asks `Claim.still_held` first.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import NamedTuple, Protocol

from results.errors import StoreError, StoreNotWritable

RENEWAL_SECONDS = 20.0
EXPIRY_SECONDS = 90.0
"""A claim that was not renewed for so long belongs to nobody."""


class Stamped(NamedTuple):
    """An object as it was seen: its bytes, the tag of this version, and its age in seconds."""

    data: bytes
    tag: str
    age: float


class ConditionalStore(Protocol):
    """What a claim needs of a store."""

    def stamped(self, path: str) -> Stamped | None:
        """Return the object under ``path`` with its tag and age, or ``None``."""

    def put_if(self, path: str, data: bytes, tag: str | None) -> str | None:
        """Write ``data`` if the object still has ``tag`` (``None``: if there is none).

        Return the new tag, or ``None`` when the condition did not hold.
        """


RELEASED = {"released": True}
"""What stands in a claim that was given up."""

Lives = Callable[[dict[str, object]], bool | None]
"""Whether a holder is known to live (True) or to be dead (False); nothing is known of it (None)."""


class Claim:
    """The exclusive right to a name, renewed by a thread for as long as this object holds it."""

    def __init__(
        self,
        store: ConditionalStore,
        path: str,
        on_loss: Callable[[], None],
        renewal: float = RENEWAL_SECONDS,
        expiry: float = EXPIRY_SECONDS,
        *,
        lives: Lives = lambda _: None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._store, self._path, self._on_loss = store, path, on_loss
        self._lives, self._clock = lives, clock or _awake_or_not
        self._renewal, self._expiry = renewal, expiry
        self._tag: str | None = None
        self._renewed = 0.0
        self._renewing = threading.Lock()
        self._holder: dict[str, object] = {}
        self._renewals = 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def try_acquire(self, holder: dict[str, object]) -> bool:
        """Take the claim, signed with ``holder``, if nobody has it; return whether this object now does.

        Raises `StoreNotWritable` on a server that does not keep conditions: there every process would win.
        """
        seen = self._store.stamped(self._path)
        if seen is not None and self._is_alive(seen):
            return False
        self._holder = {**holder, "token": uuid.uuid4().hex}  # of no other process, whatever it calls itself
        self._renewed = self._clock()
        self._tag = self._store.put_if(self._path, self._signed(), seen.tag if seen else None)
        if self._tag is None:
            return False
        self._check_conditions()
        self._thread = threading.Thread(target=self._renew_for_ever, name=f"claim {self._path}", daemon=True)
        self._thread.start()
        return True

    def still_held(self) -> bool:
        """Return whether this object still has the claim, so that nobody else can have it.

        Costs a request when the last renewal is longer ago than half of the expiry, else nothing.
        """
        if self._tag is not None and self._clock() - self._renewed > self._expiry / 2:
            self._renew()
        return self._tag is not None

    def is_held(self) -> bool:
        """Return whether somebody has the claim."""
        seen = self._store.stamped(self._path)
        return seen is not None and self._is_alive(seen)

    def holder(self) -> dict[str, object]:
        """Return what the present holder wrote, or nothing."""
        seen = self._store.stamped(self._path)
        return _written(seen) if seen is not None and self._is_alive(seen) else {}

    def release(self) -> None:
        """Give the claim up; without holding it, nothing happens.

        A note that it is free replaces it, on condition that it is still ours: to delete knows no condition,
        and could take the claim of an heir.
        """
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._tag is not None:
            tag, self._tag = self._tag, None
            self._store.put_if(self._path, json.dumps(RELEASED).encode(), tag)

    def _check_conditions(self) -> None:
        """Try to take what is taken."""
        if self._store.put_if(self._path, b"{}", None) is not None:
            self._tag = None
            raise StoreNotWritable(
                "The server of the store does not support conditional writes (If-None-Match), so two drivers "
                "could run one sweep at once. Use another server, or a shared folder."
            )

    def _is_alive(self, seen: Stamped) -> bool:
        """Return whether the holder still wants the claim, and lives as far as can be known."""
        written = _written(seen)
        if written == RELEASED:
            return False
        lives = self._lives(written)
        return seen.age < self._expiry if lives is None else lives

    def _signed(self) -> bytes:
        """Return the signature; its number makes each renewal another version, with a tag of its own."""
        self._renewals += 1
        return json.dumps({**self._holder, "renewals": self._renewals}).encode()

    def _renew_for_ever(self) -> None:
        while not self._stopped.wait(self._renewal):
            self._renew()
            if self._tag is None:
                self._on_loss()
                return

    def _renew(self) -> None:
        """Renew the claim, or find that it is lost: to an heir, or to an outage that outlasts the expiry."""
        with self._renewing:
            if self._tag is None:
                return
            began = self._clock()
            try:
                self._tag = self._renewed_tag()
                self._renewed = began
            except StoreError:  # an outage shorter than the expiry is nobody's loss
                if self._clock() - self._renewed >= self._expiry:
                    self._tag = None

    def _renewed_tag(self) -> str | None:
        """Write a renewal and return its tag, nothing when the claim is another's.

        One that was given up while its answer was awaited may have been carried out: then the tag that is
        known is not the last of our own.
        """
        renewed = self._store.put_if(self._path, self._signed(), self._tag)
        if renewed is None:
            seen = self._store.stamped(self._path)
            if seen is not None and _written(seen).get("token") == self._holder["token"]:
                return self._store.put_if(self._path, self._signed(), seen.tag)
        return renewed


def _awake_or_not() -> float:
    """Return seconds since some moment, those counted in which the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _written(seen: Stamped) -> dict[str, object]:
    """Return what stands in a claim; nothing when it is damaged."""
    try:
        written = json.loads(seen.data)
    except ValueError:
        return {}
    return written if isinstance(written, dict) else {}
