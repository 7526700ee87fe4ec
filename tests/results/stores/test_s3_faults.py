"""What networks and servers do to a store in a bucket: asked again, or a clear failure; never a wrong row."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from results.errors import StoreUnreachable
from results.stores import s3_bucket
from results.stores.claims import Claim
from results.stores.opening import open_store
from results.stores.s3 import S3Store
from results.stores.s3_bucket import ATTEMPTS
from results.stores.store import Store
from tests.fixtures.faulty_proxy import Fault, Faults, faulty_proxy
from tests.fixtures.s3_servers import BUCKET, moto, nobody

PASSING: tuple[Fault, ...] = ("500", "503", "hang", "reset", "cut", "lost")


@pytest.fixture(scope="module")
def faults() -> Iterator[Faults]:
    with moto() as url, faulty_proxy(url) as faults:
        yield faults


@pytest.fixture(autouse=True)
def pauses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """The attempts that were paused after; no time passes."""
    nobody(monkeypatch)
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "cache"))
    hangs = getattr(request.node, "callspec", None) and request.node.callspec.params.get("fault") == "hang"
    # Where nothing hangs, an answer that a busy machine gives late is not one more fault.
    monkeypatch.setattr(s3_bucket, "_READ_SECONDS", 1.0 if hangs else 20.0)
    monkeypatch.setattr(s3_bucket, "PART_BYTES", 5 << 20)  # the least that S3 takes
    paused: list[int] = []

    def pause(attempt: int) -> float:
        paused.append(attempt)
        return 0.0

    monkeypatch.setattr(s3_bucket, "pause", pause)
    return paused


@pytest.fixture
def store(faults: Faults, pauses: list[int]) -> Store:
    faults.set("500", 0)
    made = open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}?endpoint={faults.url}", create=True)
    made.write_rows("curves", "t", [{"target_id": "t", "epoch": epoch} for epoch in range(3)])
    pauses.clear()
    return made


def epochs(store: Store) -> list[int]:
    return store.read_rows("curves")["epoch"].to_pylist()


OPERATIONS: dict[str, tuple[str, Callable[[Store], object], object]] = {
    "read": ("GET", epochs, [0, 1, 2]),
    "list": ("GET", lambda store: store.list_paths("curves/"), ["curves/t.parquet"]),
    "look": ("HEAD", lambda store: store.has_rows("curves", "t"), True),
    "write": ("PUT", lambda store: store.put_bytes("artifacts/a", b"1"), None),
    "delete": ("DELETE", lambda store: store.delete("artifacts/a"), None),
}


CHOSEN = [
    pytest.param(name, marks=[] if name in ("read", "write") else [pytest.mark.slow]) for name in OPERATIONS
]


@pytest.mark.parametrize("operation", CHOSEN)
@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_asked_again(
    store: Store, faults: Faults, pauses: list[int], fault: Fault, operation: str
) -> None:
    method, act, wanted = OPERATIONS[operation]
    times = 1 if fault == "hang" else 3
    faults.set(fault, times, method)
    assert act(store) == wanted
    without_body = fault == "cut" and method != "GET"
    assert without_body or (faults.left == 0 and len(pauses) >= times)
    assert epochs(store) == [0, 1, 2]


@pytest.mark.parametrize("operation", CHOSEN)
@pytest.mark.parametrize("fault", ["500", "503", "reset", "lost"])
def test_a_fault_that_stays_is_a_clear_failure(
    store: Store, faults: Faults, pauses: list[int], fault: Fault, operation: str
) -> None:
    method, act, _ = OPERATIONS[operation]
    faults.set(fault, 1000, method)
    with pytest.raises(StoreUnreachable, match="the same command resumes"):
        act(store)
    assert pauses[: ATTEMPTS - 1] == list(range(1, ATTEMPTS))


def test_an_outage_in_the_middle_of_a_scan_is_no_missing_row(store: Store, faults: Faults) -> None:
    """A part that could not be fetched is not a part that cannot be read."""
    faults.set("reset", 1000, "GET", r"t\.parquet")
    for look in (epochs, lambda store: store.has_rows("curves", "t"), lambda store: store.scan("curves")):
        with pytest.raises(StoreUnreachable):
            look(store)


@pytest.mark.parametrize("fault", ["hang", "cut"])
def test_answers_that_never_come_whole_end_in_bounded_time(
    store: Store, faults: Faults, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_bucket, "_READ_SECONDS", 0.2)
    through = S3Store(store.uri)
    faults.set(fault, 1000, "GET")
    started = time.monotonic()
    with pytest.raises(StoreUnreachable):
        through.read_rows("curves")
    assert time.monotonic() - started < 120


@pytest.mark.parametrize("times", [1, 3])
def test_a_listing_cut_in_its_text_is_asked_again(store: Store, faults: Faults, times: int) -> None:
    faults.set("broken_xml", times, "GET", "list-type")
    assert store.list_paths("curves/") == ["curves/t.parquet"]
    assert epochs(store) == [0, 1, 2]


def test_a_stale_listing_never_makes_a_wrong_row(store: Store, faults: Faults) -> None:
    """Seen too late, a unit is missing or old for a while; seen too long, it is named as not there."""
    faults.set("500", 0)
    assert store.units("curves") == ["t"]
    store.write_rows("curves", "u", [{"target_id": "u", "epoch": 7}])
    store.write_rows("curves", "t", [{"target_id": "t", "epoch": 9}])
    faults.set("stale", 1000, "GET", "list-type")
    assert epochs(store) == [9]
    assert store.has_rows("curves", "u")
    store.delete("curves/t.parquet")
    found = store.scan("curves")
    assert found.rows.num_rows == 0
    assert [part.path for part in found.unreadable] == ["curves/t.parquet"]
    faults.set("stale", 0)
    assert epochs(store) == [7]


def test_ages_do_not_depend_on_the_clock_of_this_machine(store: Store, faults: Faults) -> None:
    """Three hours between the clocks: a claim that was just renewed is young all the same."""
    assert isinstance(store, S3Store)
    one, other = (Claim(store, "claims/sweep-a.json", lambda: None) for _ in range(2))
    assert one.try_acquire({"pid": 1})
    faults.set("skewed", 1000)
    seen = store.stamped("claims/sweep-a.json")
    assert seen is not None
    assert 0 <= seen.age < 60
    assert not other.try_acquire({"pid": 2})
    one.release()
    assert other.try_acquire({"pid": 2})
    other.release()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_claim_whose_answer_was_lost_is_known_to_be_won(store: Store, faults: Faults, times: int) -> None:
    """The first attempt wins, the next ones are refused by what the first has written."""
    one, other = (Claim(store, "claims/sweep-a.json", lambda: None) for _ in range(2))
    faults.set("lost", times, "PUT", "claims")
    assert one.try_acquire({"pid": 1, "host": "same", "since": "now"})
    assert not other.try_acquire({"pid": 1, "host": "same", "since": "now"})
    assert other.holder()["pid"] == 1
    faults.set("lost", 1, "PUT", "claims")
    one.release()
    assert other.try_acquire({"pid": 1, "host": "same", "since": "now"})
    other.release()


@pytest.mark.parametrize(
    "fault",
    ["500", "cut", *(pytest.param(name, marks=pytest.mark.slow) for name in ("503", "reset", "lost"))],
)
def test_large_files_go_and_come_whole(store: Store, faults: Faults, tmp_path: Path, fault: Fault) -> None:
    data = bytes(range(256)) * (2 * s3_bucket.PART_BYTES // 256 + 5)
    faults.set(fault, 4, "P")
    with store.file_to_write("artifacts/a") as file:
        file.write_bytes(data)
    assert fault == "cut" or faults.left == 0
    faults.set(fault, 4, "GET", "artifacts")
    with store.file_to_read("artifacts/a") as file:
        assert file.read_bytes() == data
    assert faults.left == 0
    faults.set(fault, 1000)
    if fault != "lost":
        with store.file_to_read("artifacts/a", s3_bucket.sha256_of(_written(tmp_path, data))) as file:
            assert file.stat().st_size == len(data)
    faults.set(fault, 0)
    assert fault in ("cut", "lost") or store.leftovers() == []
    for left in store.leftovers():  # begun, and nobody was told
        store.delete_leftover(left.path)
    assert store.get_bytes("artifacts/a") == data


def _written(folder: Path, data: bytes) -> Path:
    (folder / "data").write_bytes(data)
    return folder / "data"


def test_an_upload_that_fails_leaves_what_was_there(store: Store, faults: Faults) -> None:
    store.put_bytes("artifacts/a", b"old")
    faults.set("500", 1000, "PUT", "partNumber=2")
    with pytest.raises(StoreUnreachable), store.file_to_write("artifacts/a") as file:
        file.write_bytes(bytes(2 * s3_bucket.PART_BYTES))
    faults.set("500", 0)
    assert store.get_bytes("artifacts/a") == b"old"
    assert store.leftovers() == []


def test_pauses_grow_and_differ() -> None:
    """Full jitter: anything up to a bound that doubles, and 20 s at most."""
    drawn = [[pause(attempt) for _ in range(200)] for attempt in range(1, 12)]
    for attempt, pauses in enumerate(drawn, start=1):
        bound = min(20.0, 0.2 * 2**attempt)
        assert 0.8 * bound < max(pauses) <= bound
        assert len(set(pauses)) > 150


pause = s3_bucket.pause
