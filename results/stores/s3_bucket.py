"""One bucket's requests: asked again after errors of the way, in parts when an object is large.

boto3 would ask again by itself; its attempts are turned off, so that one loop counts, waits and gives up.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from results.errors import BytesCorrupt, StoreUnreachable
from results.stores.artifact_cache import sha256_of

ATTEMPTS = 6
"""Requests made for one operation before it is given up."""

PART_BYTES = 16 << 20
"""Larger objects go in parts of this size; an upload that is not completed never becomes visible."""

SHA256 = "sha256"
"""Name of the hash among the metadata of an object; what is read is checked against it."""

_MOST_PARTS = 10_000
_PARTS_AT_ONCE = 4
_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_LONGEST_PAUSE = 20.0
_PASSING = {
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "OperationAborted",
    "ConditionalRequestConflict",  # another write of the key was going on: nothing is known of the condition
}
_TRANSPORT_ERRORS = (
    ConnectionError,  # boto's: no connection could be made
    HTTPClientError,
    ResponseStreamingError,
    ResponseParserError,
)

Answer = TypeVar("Answer")
Reply = Mapping[str, Any]


class Version(NamedTuple):
    """One version of an object: its tag, its bytes, and their SHA-256 where its writer noted it."""

    tag: str
    size: int
    sha256: str | None


class CutShort(Exception):
    """An answer that is not what the object's own length or hash says."""


class Bucket:
    """Operations on the keys of one bucket.

    Each raises ``ClientError`` for what the server refuses for good, `StoreUnreachable` when it does not
    answer, and `BytesCorrupt` when what arrives is again and again not what was written.
    """

    def __init__(self, name: str, place: str, options: Mapping[str, str]) -> None:
        self.name, self._place = name, place
        self.client = _client(options)

    def put(self, key: str, data: bytes, **condition: str) -> Reply:
        """Write a small object in one request."""
        metadata = {SHA256: hashlib.sha256(data).hexdigest()}
        return self.call("put_object", Key=key, Body=data, Metadata=metadata, **condition)

    def get(self, key: str) -> tuple[bytes, Reply]:
        """Return the bytes of an object, checked, and what the server says of it."""
        return self.with_retries(lambda: self._got(key))

    def version(self, key: str) -> Version:
        """Return which version of an object there is now."""
        return _version(self.call("head_object", Key=key))

    def upload(self, key: str, source: Path) -> None:
        """Write a file as an object, in parts side by side when it is large, each asked again alone."""
        size, digest = source.stat().st_size, sha256_of(source)
        if size <= PART_BYTES:
            self.put(key, source.read_bytes())
            return
        made = self.call("create_multipart_upload", Key=key, Metadata={SHA256: digest})
        upload = {"Key": key, "UploadId": made["UploadId"]}
        try:
            parts = self._parts(upload, source, size)
            self._complete(upload, parts, digest)
        except BaseException:
            self._abort(upload)
            raise

    def download(self, key: str, version: Version, destination: Path) -> None:
        """Write one version of an object to a file, in parts side by side when it is large, checked."""
        for attempt in range(1, ATTEMPTS + 1):
            self._fetch_all(key, version, destination)
            if version.sha256 in (None, sha256_of(destination)):
                return
            time.sleep(pause(attempt))
        raise self._corrupt(f"the bytes of {key} are not those that were written")

    def keys(self, prefix: str) -> Iterator[Reply]:
        """Yield what the bucket lists under ``prefix``, each page asked again alone."""
        more: dict[str, str] = {}
        while True:
            page = self.call("list_objects_v2", Prefix=prefix, **more)
            yield from page.get("Contents", ())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def uploads(self, prefix: str) -> Iterator[Reply]:
        """Yield the uploads in parts that were begun under ``prefix`` and not completed."""
        marker: dict[str, Any] = {}
        while True:
            page = self.call("list_multipart_uploads", Prefix=prefix, **marker)
            yield from page.get("Uploads", ())
            if not page.get("IsTruncated"):
                return
            marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def call(self, operation: str, **arguments: Any) -> Reply:  # noqa: ANN401  (boto3's arguments)
        """Return the answer to one operation of the client, asked again after passing errors."""
        call = getattr(self.client, operation)
        return self.with_retries(lambda: call(Bucket=self.name, **arguments))

    def with_retries(self, operation: Callable[[], Answer]) -> Answer:
        """Return what ``operation`` answers, asked again after passing errors with growing random pauses."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation()
            except ClientError as error:
                self._explain_refusal(error)
                if not is_passing(error):
                    raise
                last: Exception = error
            except (*_TRANSPORT_ERRORS, CutShort) as error:
                last = error
            except BotoCoreError as error:
                raise self._unreachable(error) from error
            if attempt < ATTEMPTS:
                time.sleep(pause(attempt))
        raise self._unreachable(last) from last

    def _got(self, key: str) -> tuple[bytes, Reply]:
        answer = self.client.get_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
        data: bytes = answer["Body"].read()
        _check_length(data, answer)
        if answer.get("Metadata", {}).get(SHA256, "") not in ("", hashlib.sha256(data).hexdigest()):
            raise CutShort(f"the bytes of {key} are not those that were written")
        return data, answer

    def _fetch_all(self, key: str, version: Version, destination: Path) -> None:
        with destination.open("wb") as file, ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
            parts = _ranges(version.size)
            list(pool.map(lambda part: self._fetch(key, version, file.fileno(), *part), parts))

    def _fetch(self, key: str, version: Version, file: int, start: int, size: int) -> None:
        """Write one range of an object to its place in an open file."""
        wanted = {"Range": f"bytes={start}-{start + size - 1}"} if size else {}

        def fetch_range() -> None:
            """Fetch the range once."""
            answer = self.client.get_object(Bucket=self.name, Key=key, IfMatch=version.tag, **wanted)
            data = answer["Body"].read()
            if len(data) != size:
                raise CutShort(f"{len(data)} of {size} bytes of {key} arrived")
            os.pwrite(file, data, start)

        self.with_retries(fetch_range)

    def _parts(self, upload: dict[str, str], source: Path, size: int) -> list[dict[str, Any]]:
        with source.open("rb") as file, ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:

            def sent(part: tuple[int, tuple[int, int]]) -> dict[str, Any]:
                """Send one part and return what the completion must say of it."""
                number, (start, length) = part
                body = os.pread(file.fileno(), length, start)
                answer = self.call("upload_part", PartNumber=number, Body=body, **upload)
                checksum = {name: answer[name] for name in ("ChecksumCRC32",) if name in answer}
                return {"PartNumber": number, "ETag": answer["ETag"], **checksum}

            return list(pool.map(sent, enumerate(_ranges(size), start=1)))

    def _complete(self, upload: dict[str, str], parts: list[dict[str, Any]], digest: str) -> None:
        """Make the parts an object; a completion whose answer was lost is known by the object's hash."""
        try:
            self.call("complete_multipart_upload", MultipartUpload={"Parts": parts}, **upload)
        except (ClientError, StoreUnreachable):
            if not self._has(upload["Key"], digest):
                raise

    def _has(self, key: str, digest: str) -> bool:
        """Return whether the object at ``key`` is known to have the hash ``digest``."""
        try:
            return self.version(key).sha256 == digest
        except (ClientError, StoreUnreachable):
            return False

    def _abort(self, upload: dict[str, str]) -> None:
        try:
            self.client.abort_multipart_upload(Bucket=self.name, **upload)
        except (BotoCoreError, ClientError):  # the cause is raised; `gc` finds what is left
            return

    def _explain_refusal(self, error: ClientError) -> None:
        if code_of(error) == "NoSuchBucket":
            raise StoreUnreachable(
                f"The store {self._place}: there is no bucket {self.name!r}. Create it, or name another."
            ) from error

    def _unreachable(self, error: Exception) -> StoreUnreachable | BytesCorrupt:
        if isinstance(error, CutShort):
            return self._corrupt(str(error))
        return StoreUnreachable(
            f"The store {self._place} does not answer: {error}. Check the network, the endpoint and the "
            "credentials. Finished work is kept; the same command resumes the sweep."
        )

    def _corrupt(self, what: str) -> BytesCorrupt:
        return BytesCorrupt(
            f"{self._place}: {what}, in {ATTEMPTS} attempts; delete the object and run again."
        )


def pause(attempt: int) -> float:
    """Return seconds to wait before the next attempt: full jitter under an exponential bound."""
    return random.uniform(0, min(_LONGEST_PAUSE, 0.2 * 2**attempt))  # noqa: S311  (no secret)


def code_of(error: ClientError) -> str:
    """Return the code of an error as the server named it."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_passing(error: ClientError) -> bool:
    """Return whether the same request may succeed later."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or status == 429 or code_of(error) in _PASSING


def _client(options: Mapping[str, str]) -> Any:  # noqa: ANN401  (boto3 makes its classes at run time)
    addressing = options.get("addressing", "path" if "endpoint" in options else "auto")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=64,
        s3={"addressing_style": addressing},
    )
    return boto3.session.Session().client(
        "s3", endpoint_url=options.get("endpoint"), region_name=options.get("region"), config=config
    )


def _version(answer: Reply) -> Version:
    return Version(answer["ETag"], answer["ContentLength"], answer.get("Metadata", {}).get(SHA256))


def _check_length(data: bytes, answer: Reply) -> None:
    if len(data) != answer["ContentLength"]:
        raise CutShort(f"{len(data)} of {answer['ContentLength']} bytes arrived")


def _ranges(size: int) -> list[tuple[int, int]]:
    """Return where each part of an object of ``size`` bytes begins and how long it is.

    >>> _ranges(PART_BYTES + 1)
    [(0, 16777216), (16777216, 1)]
    """
    step = max(PART_BYTES, -(-size // _MOST_PARTS))
    return [(start, min(step, size - start)) for start in range(0, size, step)] or [(0, 0)]
