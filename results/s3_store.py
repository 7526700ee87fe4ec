"""A store in a bucket, at S3 or at anything that speaks its protocol.

An object appears whole or not at all, so a write is one step. Credentials come from boto3's own chain
(environment, profile, instance role) and are never part of the URI.
"""

import io
import random
import time
import uuid
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ResponseStreamingError

from results.claims import Stamped
from results.errors import InvalidPath, PathMissing, StoreNotWritable, StoreUnreachable
from results.store import Store, check_path, is_path

OPTIONS = ("endpoint", "region", "addressing")
"""What may follow the ``?`` of a URI; ``addressing`` is ``path`` or ``virtual``."""

ATTEMPTS = 6
"""Requests made for one operation before it is given up."""

PART_BYTES = 16 << 20
"""Larger objects are uploaded in parts of this size; one that is not completed never becomes visible."""

_LONGEST_PAUSE = 20.0
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONDITION_FAILED = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}

Answer = TypeVar("Answer")


class S3Store(Store):
    """Rows and bytes under ``s3://bucket/prefix``, with ``?endpoint=URL`` for other servers than AWS."""

    def __init__(self, uri: str) -> None:
        self._bucket, self._prefix, options = s3_place(uri)
        query = urlencode({name: options[name] for name in OPTIONS if name in options}, safe=":/")
        self._uri = f"s3://{self._bucket}/{self._prefix}".rstrip("/") + (f"?{query}" if query else "")
        self._client = _client(options)

    def __reduce__(self) -> tuple[type["S3Store"], tuple[str]]:
        return S3Store, (self._uri,)

    @property
    def uri(self) -> str:
        """The URI, with its options in a fixed order."""
        return self._uri

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step, in parts when it is large."""
        key = self._key(path)
        try:
            self._answered(lambda: self._upload(key, data))
        except (ClientError, Boto3Error) as error:
            raise self._not_writable(error) from error

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``, checked against the object's checksum; raises `PathMissing`."""
        key = self._key(path)
        try:
            return self._answered(lambda: self._download(key))
        except ClientError as error:
            if _code(error) in _ABSENT:
                raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.") from error
            raise self._unreadable(error) from error

    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""
        key = self._key(path)
        try:
            self._answered(lambda: self._client.head_object(Bucket=self._bucket, Key=key))
        except ClientError as error:
            if _code(error) in _ABSENT:
                return False
            raise self._unreadable(error) from error
        return True

    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted; foreign keys are none."""
        base = f"{self._prefix}/" if self._prefix else ""
        try:
            keys = self._answered(lambda: self._keys(base + prefix))
        except ClientError as error:
            raise self._unreadable(error) from error
        return sorted(path for path in (key.removeprefix(base) for key in keys) if is_path(path))

    def check_writable(self) -> None:
        """Write and remove a probe; raises `StoreNotWritable` with the reason."""
        key = self._key(f"probe-{uuid.uuid4().hex}")
        try:
            self._answered(lambda: self._upload(key, b"probe"))
            self._answered(lambda: self._client.delete_object(Bucket=self._bucket, Key=key))
        except (ClientError, Boto3Error) as error:
            raise self._not_writable(error) from error

    def stamped(self, path: str) -> Stamped | None:
        """Return the object under ``path`` with its tag and its age by the server's clock, or ``None``."""
        key = self._key(path)
        try:
            return self._answered(lambda: self._stamped(key))
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise self._unreadable(error) from error

    def put_if(self, path: str, data: bytes, tag: str | None) -> str | None:
        """Write ``data`` if the object still has ``tag`` (``None``: if there is none); return the new tag.

        ``None`` when the condition did not hold. An attempt that succeeded but whose answer was lost is
        recognised by its bytes.
        """
        key = self._key(path)
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            answer = self._answered(
                lambda: self._client.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)
            )
        except ClientError as error:
            if _code(error) not in _CONDITION_FAILED | _ABSENT:
                raise self._not_writable(error) from error
            seen = self.stamped(path)
            return seen.tag if seen is not None and seen.data == data else None
        return str(answer["ETag"])

    def delete(self, path: str) -> None:
        """Remove the object under ``path``, if there is one."""
        key = self._key(path)
        try:
            self._answered(lambda: self._client.delete_object(Bucket=self._bucket, Key=key))
        except ClientError as error:
            raise self._not_writable(error) from error

    def _stamped(self, key: str) -> Stamped:
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Stamped(answer["Body"].read(), answer["ETag"], (now - answer["LastModified"]).total_seconds())

    def _key(self, path: str) -> str:
        check_path(path)
        return f"{self._prefix}/{path}" if self._prefix else path

    def _upload(self, key: str, data: bytes) -> None:
        if len(data) <= PART_BYTES:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)
            return
        parts = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES)
        self._client.upload_fileobj(io.BytesIO(data), self._bucket, key, Config=parts)

    def _download(self, key: str) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        data: bytes = answer["Body"].read()
        if len(data) != answer["ContentLength"]:
            raise ResponseStreamingError(error=f"{len(data)} of {answer['ContentLength']} bytes arrived")
        return data

    def _keys(self, prefix: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def _answered(self, operation: Callable[[], Answer]) -> Answer:
        """Return what ``operation`` answers, asked again after errors of the way there and back.

        boto3 itself asks again after 5xx and throttling; an answer cut off in its body it does not.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation()
            except (HTTPClientError, ResponseStreamingError) as error:
                if attempt == ATTEMPTS:
                    raise self._unreachable(error) from error
            except ClientError as error:
                if not _is_passing(error):
                    self._refuse_missing_bucket(error)
                    raise
                if attempt == ATTEMPTS:
                    raise self._unreachable(error) from error
            except BotoCoreError as error:
                raise self._unreachable(error) from error
            time.sleep(_pause(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _refuse_missing_bucket(self, error: ClientError) -> None:
        if _code(error) == "NoSuchBucket":
            raise StoreUnreachable(
                f"The store {self.uri}: there is no bucket {self._bucket!r}. Make it, or name another."
            ) from error

    def _unreachable(self, error: Exception) -> StoreUnreachable:
        return StoreUnreachable(
            f"The store {self.uri} does not answer: {error}. Check the network, the endpoint and the "
            "credentials; finished work is kept, run the same command again to go on."
        )

    def _unreadable(self, error: Exception) -> StoreUnreachable:
        return StoreUnreachable(
            f"The store {self.uri} refuses to be read: {error}. Check the credentials and their rights."
        )

    def _not_writable(self, error: Exception) -> StoreNotWritable:
        return StoreNotWritable(
            f"Cannot write to the store {self.uri}: {error}. Grant s3:PutObject there, "
            "or name another place with --store."
        )


def s3_place(uri: str) -> tuple[str, str, dict[str, str]]:
    """Return bucket, prefix (no slashes at its ends) and options of an ``s3://`` URI.

    Raises `InvalidPath` for a URI without a bucket, with credentials, or with unknown options.

    >>> s3_place("s3://bucket/deep/runs/?region=eu-west-1")
    ('bucket', 'deep/runs', {'region': 'eu-west-1'})
    """
    parts = urlsplit(uri)
    given = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(set(given) - set(OPTIONS))
    if "@" in parts.netloc:
        raise InvalidPath("A store URI holds no credentials: give them as boto3 expects (AWS_PROFILE, ...).")
    if parts.scheme != "s3" or not parts.netloc or parts.fragment or unknown:
        raise InvalidPath(
            f"Unsupported store {uri!r}: give s3://bucket/prefix, with any of ?{'=..&'.join(OPTIONS)}=.."
        )
    prefix = parts.path.strip("/")
    if prefix:
        check_path(prefix)
    return parts.netloc, prefix, {name: values[-1] for name, values in given.items()}


def _client(options: dict[str, str]) -> Any:  # noqa: ANN401  (boto3 makes its classes at run time)
    addressing = options.get("addressing", "path" if "endpoint" in options else "auto")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=10,
        read_timeout=60,
        s3={"addressing_style": addressing},
    )
    return boto3.session.Session().client(
        "s3", endpoint_url=options.get("endpoint"), region_name=options.get("region"), config=config
    )


def _pause(attempt: int) -> float:
    """Return seconds to wait before the next attempt: full jitter under an exponential bound."""
    return random.uniform(0, min(_LONGEST_PAUSE, 0.2 * 2**attempt))  # noqa: S311  (no secret)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_passing(error: ClientError) -> bool:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or status == 429 or _code(error) in {"SlowDown", "RequestTimeout", "Throttling"}
