"""The store in a bucket: the contract against a server on loopback, and what only a network can do wrong."""

import pickle
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from results.errors import InvalidPath, PathMissing, StoreNotWritable, StoreUnreachable
from results.stores import s3_bucket
from results.stores.address import StoreAddress
from results.stores.claims import Claim
from results.stores.opening import open_store
from results.stores.s3 import S3Store
from results.stores.s3_bucket import PART_BYTES
from results.stores.store import Store
from tests.contracts.store_contract import StoreContract
from tests.fixtures.deaf_port import deaf_port
from tests.fixtures.s3_servers import BUCKET, client, moto, nanio, nobody


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server of the S3 protocol on loopback, with one bucket."""
    with moto() as url:
        yield url


@pytest.fixture(scope="module")
def second_endpoint() -> Iterator[str]:
    """A server by other people than moto's, in a process of its own."""
    with nanio() as url:
        yield url


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of nobody, a cache of its own, and no waiting between attempts."""
    nobody(monkeypatch)
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(s3_bucket, "pause", lambda attempt: 0.0)


@pytest.fixture
def uri(endpoint: str) -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={endpoint}"


class TestS3Store(StoreContract):
    @pytest.fixture
    def uri(self, endpoint: str) -> str:
        return f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={endpoint}"


@pytest.mark.slow
class TestOnASecondServer(StoreContract):
    @pytest.fixture
    def uri(self, second_endpoint: str) -> str:
        return f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={second_endpoint}"

    def test_deleted_bytes_are_gone_and_nothing_else_is(self, store: Store) -> None:
        """Without deleting what is a folder to this server: its objects are files."""
        store.put_bytes("artifacts/a/1", b"1")
        for _ in range(2):
            store.delete("artifacts/a/1")
        assert store.list_paths("artifacts/") == []


@pytest.mark.slow
def test_a_server_without_conditional_writes_cannot_be_claimed(second_endpoint: str) -> None:
    uri = f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={second_endpoint}"
    claim = Claim(S3Store(uri), "claims/sweep-a.json", lambda: None)
    with pytest.raises(StoreNotWritable, match="conditional writes"):
        claim.try_acquire({"pid": 1})


@pytest.mark.slow
def test_large_files_on_a_second_server(second_endpoint: str) -> None:
    store = open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}/runs?endpoint={second_endpoint}", create=True)
    data = bytes(range(251)) * (2 * PART_BYTES // 251 + 3)
    store.put_bytes("artifacts/a.bin", data)
    assert store.get_bytes("artifacts/a.bin") == data
    with store.file_to_read("artifacts/a.bin") as file:
        assert file.read_bytes() == data


@pytest.mark.parametrize("size", [0, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 3])
def test_large_objects_go_in_parts_and_come_back_whole(uri: str, size: int) -> None:
    store = open_store(uri, create=True)
    data = bytes(range(251)) * (size // 251 + 1)
    store.put_bytes("artifacts/a.bin", data[:size])
    assert store.get_bytes("artifacts/a.bin") == data[:size]


def test_the_endpoint_may_come_from_the_environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    name = uuid.uuid4().hex
    open_store(f"s3://{BUCKET}/{name}", create=True).put_bytes("artifacts/a", b"1")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert open_store(f"s3://{BUCKET}/{name}?endpoint={endpoint}").get_bytes("artifacts/a") == b"1"


def test_a_store_at_the_root_of_a_bucket(endpoint: str) -> None:
    client(endpoint).create_bucket(Bucket="whole")
    store = open_store(f"s3://whole?endpoint={endpoint}", create=True)
    store.put_bytes("artifacts/a", b"1")
    assert store.list_paths("artifacts/") == ["artifacts/a"]


def test_foreign_keys_are_passed_over(uri: str, endpoint: str) -> None:
    store = open_store(uri, create=True)
    prefix = StoreAddress.parse(uri).bucket_place.prefix
    foreign = client(endpoint)
    for key in ("curves/", "curves/my notes.parquet", "curves/.half"):
        foreign.put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=b"x")
    assert store.list_paths() == ["store.json"]
    assert store.read_rows("curves").num_rows == 0


def test_more_keys_than_one_page(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(uri, create=True)
    assert isinstance(store, S3Store)
    paths = [f"artifacts/{number:04d}" for number in range(25)]
    for path in paths:
        store.put_bytes(path, b"")
    plain = store._bucket.client.list_objects_v2
    monkeypatch.setattr(
        store._bucket.client, "_make_api_call", _paged(store._bucket.client._make_api_call), raising=True
    )
    assert store.list_paths("artifacts/") == paths
    assert plain is not None


def _paged(call):
    def smaller(name, arguments):
        return call(name, {**arguments, "MaxKeys": 7} if name == "ListObjectsV2" else arguments)

    return smaller


def test_a_store_can_be_sent_to_another_process(uri: str) -> None:
    store = open_store(uri, create=True)
    store.put_bytes("artifacts/a", b"1")
    assert pickle.loads(pickle.dumps(store)).get_bytes("artifacts/a") == b"1"


def test_a_missing_bucket_is_said(endpoint: str) -> None:
    with pytest.raises(StoreUnreachable, match="no bucket 'nowhere'"):
        open_store(f"s3://nowhere/runs?endpoint={endpoint}", create=True)


def test_a_server_that_refuses_connections_is_asked_again_and_then_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server does so while it is being started anew."""
    paused: list[int] = []
    monkeypatch.setattr(s3_bucket, "pause", lambda attempt: paused.append(attempt) or 0.0)
    with deaf_port() as port, pytest.raises(StoreUnreachable, match="the same command resumes"):
        open_store(f"s3://results/runs?endpoint=http://127.0.0.1:{port}", create=True)
    assert paused == list(range(1, s3_bucket.ATTEMPTS))


@pytest.mark.parametrize(
    "uri",
    [
        "s3://",
        "s3:///runs",
        "s3://key:secret@bucket/runs",
        "s3://bucket/runs?enpoint=http://host",
        "s3://bucket/runs#1",
        "s3://bucket/../runs",
    ],
)
def test_unusable_uris_are_refused(uri: str) -> None:
    with pytest.raises(InvalidPath):
        S3Store(uri)


def test_no_secret_in_an_error_or_a_uri(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "verysecret")
    store = open_store(uri, create=True)
    with pytest.raises(PathMissing) as caught:
        store.get_bytes("artifacts/none")
    assert "verysecret" not in str(caught.value) + store.uri


def client_error(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Anything")


class Faults:
    """Breaks chosen requests of a client before they reach the server."""

    def __init__(self, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: list[Exception] = []
        self.seen: list[str] = []
        call = store._bucket.client._make_api_call

        def breaking(name: str, arguments: dict[str, object]) -> object:
            self.seen.append(name)
            if self.left:
                raise self.left.pop(0)
            return call(name, arguments)

        monkeypatch.setattr(store._bucket.client, "_make_api_call", breaking)


@pytest.fixture
def store(uri: str) -> S3Store:
    opened = open_store(uri, create=True)
    assert isinstance(opened, S3Store)
    opened.put_bytes("artifacts/a", b"1")
    return opened


@pytest.mark.parametrize(
    "error",
    [
        client_error("SlowDown", 503),
        client_error("InternalError", 500),
        client_error("Throttling", 400),
        client_error("ConditionalRequestConflict", 409),
        EndpointConnectionError(endpoint_url="http://host"),  # refused, or no such name now
        ConnectTimeoutError(endpoint_url="http://host"),
    ],
    ids=lambda error: getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__),
)
def test_a_passing_error_is_asked_again(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    faults = Faults(store, monkeypatch)
    for operation, wanted in (
        (lambda: store.get_bytes("artifacts/a"), b"1"),
        (lambda: store.exists("artifacts/a"), True),
        (lambda: store.put_bytes("artifacts/b", b"2"), None),
        (lambda: store.list_paths("artifacts/a"), ["artifacts/a"]),
    ):
        faults.left = [error for _ in range(3)]
        assert operation() == wanted
        assert not faults.left


def test_an_error_that_stays_is_given_up(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults(store, monkeypatch)
    faults.left = [client_error("SlowDown", 503) for _ in range(100)]
    with pytest.raises(StoreUnreachable, match="SlowDown"):
        store.get_bytes("artifacts/a")
    assert len(faults.seen) == s3_bucket.ATTEMPTS


@pytest.mark.parametrize("code", ["AccessDenied", "RequestTimeTooSkewed"])
def test_a_refusal_is_not_asked_again(store: S3Store, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    faults = Faults(store, monkeypatch)
    for operation, error in (
        (lambda: store.get_bytes("artifacts/a"), StoreUnreachable),
        (lambda: store.exists("artifacts/a"), StoreUnreachable),
        (lambda: store.list_paths(), StoreUnreachable),
        (lambda: store.put_bytes("artifacts/a", b"2"), StoreNotWritable),
        (store.check_writable, StoreNotWritable),
    ):
        faults.seen.clear()
        faults.left = [client_error(code, 403)]
        with pytest.raises(error, match=code):
            operation()
        assert len(faults.seen) == 1


class CuttingServer:
    """Passes bytes between a client and a server on loopback, and cuts the first answers short."""

    def __init__(self, server: str, cuts: int) -> None:
        self._server = server.removeprefix("http://").split(":")
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no further connection."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection((self._server[0], int(self._server[1]))) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            while data := server.recv(65536):
                if self._cuts and len(data) > 2000:
                    self._cuts -= 1
                    client.sendall(data[: len(data) // 2])
                    client.shutdown(socket.SHUT_RDWR)
                    server.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)


def _copy(source: socket.socket, destination: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            destination.sendall(data)
    except OSError:
        return


def test_an_answer_cut_short_is_asked_again_and_never_taken_for_whole(endpoint: str, uri: str) -> None:
    whole = bytes(range(256)) * 400
    open_store(uri, create=True).put_bytes("artifacts/a", whole)
    proxy = CuttingServer(endpoint, cuts=3)
    through = uri.replace(endpoint, proxy.url)
    assert S3Store(through).get_bytes("artifacts/a") == whole
    proxy.close()


def test_an_answer_always_cut_short_is_an_error(endpoint: str, uri: str) -> None:
    open_store(uri, create=True).put_bytes("artifacts/a", bytes(100_000))
    proxy = CuttingServer(endpoint, cuts=10_000)
    with pytest.raises(StoreUnreachable):
        S3Store(uri.replace(endpoint, proxy.url)).get_bytes("artifacts/a")
    proxy.close()


def test_conditional_writes(store: S3Store) -> None:
    assert store.stamped("claims/a") is None
    tag = store.put_if("claims/a", b"1", None)
    assert tag is not None
    assert store.put_if("claims/a", b"2", None) is None
    newer = store.put_if("claims/a", b"3", tag)
    assert newer is not None
    assert store.put_if("claims/a", b"4", tag) is None
    seen = store.stamped("claims/a")
    assert seen is not None
    assert (seen.data, seen.tag) == (b"3", newer)
    assert 0 <= seen.age < 60
    store.delete("claims/a")
    store.delete("claims/a")
    assert store.stamped("claims/a") is None


def test_a_conditional_write_whose_answer_was_lost_is_known_for_done(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = store._bucket.client._make_api_call
    lost = [True]

    def losing(name: str, arguments: dict[str, object]) -> object:
        answer = call(name, arguments)
        if name == "PutObject" and lost:
            lost.pop()
            raise client_error("InternalError", 500)
        return answer

    monkeypatch.setattr(store._bucket.client, "_make_api_call", losing)
    tag = store.put_if("claims/a", b"1", None)
    assert tag == store.stamped("claims/a").tag
