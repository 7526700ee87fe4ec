"""Claims in a bucket: one holder at a time, free after release or silence, never stolen while renewed."""

import itertools
import threading
import time

import pytest

from results.errors import StoreNotWritable, StoreUnreachable
from results.stores.claims import Claim, Stamped

pytestmark = pytest.mark.load


class FakeBucket:
    """Conditional writes in memory, with a clock of its own."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.history: list[tuple[bytes, str, float]] = []
        self.tags = itertools.count()
        self.skew = 0.0
        self.lock = threading.Lock()
        self.silent = threading.RLock()
        """Held by a test, it keeps the requests of all other threads waiting."""

    def now(self) -> float:
        """Return the time by the clock of the server, and of a machine that slept as long."""
        return time.monotonic() + self.skew

    def stamped(self, path: str) -> Stamped | None:
        if path not in self.objects:
            return None
        data, tag, since = self.objects[path]
        return Stamped(data, tag, self.now() - since)

    def put_if(self, path: str, data: bytes, tag: str | None) -> str | None:
        with self.silent, self.lock:
            present = self.objects[path][1] if path in self.objects else None
            if present != tag:
                return None
            fresh = str(next(self.tags))
            self.objects[path] = (data, fresh, self.now())
            self.history.append((data, fresh, self.now()))
            return fresh


def claim(
    bucket: FakeBucket, lost: list[str] | None = None, renewal: float = 60.0, expiry: float = 90.0
) -> Claim:
    told = [] if lost is None else lost
    return Claim(bucket, "claims/sweep", lambda: told.append("lost"), renewal, expiry, clock=bucket.now)


def test_one_holder_at_a_time_and_free_after_release() -> None:
    bucket = FakeBucket()
    one, other = claim(bucket), claim(bucket)
    assert one.try_acquire({"pid": 1})
    assert not other.try_acquire({"pid": 2})
    assert other.holder()["pid"] == 1
    one.release()
    assert other.try_acquire({"pid": 2})
    other.release()
    assert other.holder() == {}
    assert claim(bucket).try_acquire({"pid": 3})


def test_a_release_takes_nothing_from_an_heir_that_nobody_has_noticed_yet() -> None:
    bucket = FakeBucket()
    slow, heir = claim(bucket), claim(bucket)
    assert slow.try_acquire({"pid": 1})
    bucket.skew = 100.0
    assert heir.try_acquire({"pid": 2})
    slow.release()
    assert heir.holder()["pid"] == 2
    assert not claim(bucket).try_acquire({"pid": 3})
    heir.release()


def test_two_processes_that_call_themselves_the_same_are_told_apart() -> None:
    """Containers have the same host name and process number; a lost answer is recognised by the bytes."""
    bucket = FakeBucket()
    for contender in (claim(bucket), claim(bucket)):
        contender.try_acquire({"pid": 1, "host": "container", "since": "now"})
        bucket.skew += 100.0
    tokens = {data for data, _, _ in bucket.history}
    assert len(tokens) == len(bucket.history) == 2


def test_a_server_that_ignores_conditions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket()
    put_if = bucket.put_if
    monkeypatch.setattr(
        bucket,
        "put_if",
        lambda path, data, tag: put_if(
            path, data, bucket.objects[path][1] if path in bucket.objects else None
        ),
    )
    with pytest.raises(StoreNotWritable, match="conditional writes"):
        claim(bucket).try_acquire({"pid": 1})


def test_a_silent_holder_loses_it() -> None:
    bucket = FakeBucket()
    dead = claim(bucket)
    assert dead.try_acquire({"pid": 1})
    bucket.skew = 89.0
    assert not claim(bucket).try_acquire({"pid": 2})
    bucket.skew = 91.0
    heir = claim(bucket)
    assert heir.try_acquire({"pid": 2})
    assert heir.holder()["pid"] == 2
    heir.release()


def test_of_many_heirs_exactly_one_wins() -> None:
    bucket = FakeBucket()
    assert claim(bucket).try_acquire({"pid": 0})
    bucket.skew = 100.0
    heirs = [claim(bucket) for _ in range(16)]
    won: list[int] = []

    def inherit(number: int) -> None:
        if heirs[number].try_acquire({"pid": number}):
            won.append(number)

    threads = [threading.Thread(target=inherit, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    heirs[won[0]].release()


def test_renewals_keep_it() -> None:
    bucket = FakeBucket()
    holder = claim(bucket, renewal=0.01)
    assert holder.try_acquire({"pid": 1})
    first = bucket.objects["claims/sweep"][1]
    deadline = time.monotonic() + 60
    while bucket.objects["claims/sweep"][1] == first and time.monotonic() < deadline:
        time.sleep(0.005)
    assert bucket.objects["claims/sweep"][1] != first
    assert holder.holder()["pid"] == 1
    holder.release()


def test_a_holder_that_was_replaced_is_told_and_takes_nothing_from_the_heir() -> None:
    bucket = FakeBucket()
    told: list[str] = []
    slow = claim(bucket, told, renewal=0.01)
    with bucket.silent:  # no renewal arrives
        heir = claim(bucket)
        assert slow.try_acquire({"pid": 1})
        bucket.skew = 100.0
        assert heir.try_acquire({"pid": 2})
    deadline = time.monotonic() + 60
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told == ["lost"]
    slow.release()
    assert heir.holder()["pid"] == 2
    heir.release()


@pytest.mark.parametrize(("expiry", "lost"), [(90.0, False), (0.05, True)])
def test_an_outage_is_a_loss_only_when_it_outlasts_the_expiry(
    monkeypatch: pytest.MonkeyPatch, expiry: float, lost: bool
) -> None:
    bucket, told, failed = FakeBucket(), [], threading.Semaphore(0)
    holder = claim(bucket, told, renewal=0.02, expiry=expiry)
    assert holder.try_acquire({"pid": 1})

    def unreachable(path: str, data: bytes, tag: str | None) -> str | None:
        failed.release()
        raise StoreUnreachable("gone")

    monkeypatch.setattr(bucket, "put_if", unreachable)
    deadline = time.monotonic() + 60
    while not told and lost and time.monotonic() < deadline:
        time.sleep(0.01)
    if not lost:
        assert all(failed.acquire(timeout=60) for _ in range(5)), "it goes on trying"
    assert told == (["lost"] if lost else [])
    monkeypatch.undo()
    holder.release()


def test_a_holder_that_was_stopped_for_long_knows_it_before_its_thread_does() -> None:
    bucket = FakeBucket()
    slow, heir = claim(bucket), claim(bucket)
    assert slow.try_acquire({"pid": 1})
    assert slow.still_held()
    bucket.skew = 100.0
    assert heir.try_acquire({"pid": 2})
    writes = len(bucket.history)
    assert (slow.still_held(), heir.still_held()) == (False, True)
    assert len(bucket.history) == writes, "neither has written"
    assert heir.holder()["pid"] == 2
    heir.release()


def test_a_holder_without_an_heir_goes_on_after_any_silence() -> None:
    bucket = FakeBucket()
    holder = claim(bucket)
    assert holder.try_acquire({"pid": 1})
    bucket.skew = 1000.0
    assert holder.still_held()
    assert not claim(bucket).try_acquire({"pid": 2}), "it was renewed"
    holder.release()


def test_being_sure_costs_no_request_soon_after_a_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket()
    holder = claim(bucket)
    assert holder.try_acquire({"pid": 1})
    bucket.skew = 44.0
    with monkeypatch.context() as patch:
        for name in ("put_if", "stamped"):
            patch.setattr(bucket, name, lambda *_: pytest.fail("the server was asked"))
        assert holder.still_held()
    holder.release()
    assert not holder.still_held()


def test_a_renewal_that_was_given_up_and_yet_carried_out_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket()
    holder = claim(bucket)
    assert holder.try_acquire({"pid": 1})
    put_if = bucket.put_if

    def answered_nothing(path: str, data: bytes, tag: str | None) -> str | None:
        put_if(path, data, tag)
        raise StoreUnreachable("no answer")

    bucket.skew = 50.0
    with monkeypatch.context() as patch:
        patch.setattr(bucket, "put_if", answered_nothing)
        assert holder.still_held()
    assert holder.still_held()
    assert not claim(bucket).try_acquire({"pid": 2})
    holder.release()
    assert claim(bucket).try_acquire({"pid": 2}), "it was given up under the tag that it has"


@pytest.mark.parametrize(("lives", "age", "free"), [(True, 1000.0, False), (False, 1.0, True)])
def test_of_a_holder_that_is_seen_to_live_or_to_be_dead_the_age_does_not_matter(
    lives: bool, age: float, free: bool
) -> None:
    """One that was stopped by Ctrl-Z, and one that was killed, on this machine."""
    bucket = FakeBucket()
    assert claim(bucket).try_acquire({"pid": 1})
    bucket.skew = age
    other = Claim(bucket, "claims/sweep", lambda: None, lives=lambda holder: lives and holder["pid"] == 1)
    assert other.is_held() != free
    assert other.try_acquire({"pid": 2}) == free
    other.release()


@pytest.mark.parametrize("written", [b"{", b"[1]"])
def test_a_damaged_claim_still_counts_until_it_is_old(written: bytes) -> None:
    bucket = FakeBucket()
    bucket.put_if("claims/sweep", written, None)
    one = claim(bucket)
    assert not one.try_acquire({"pid": 1})
    assert one.holder() == {}
