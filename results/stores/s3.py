"""A store in a bucket, at S3 or at anything that speaks its protocol.

An object appears whole or not at all, so a write is one step. Credentials come from boto3's own chain
(environment, profile, instance role) and are never part of the URI.
"""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from results.errors import InvalidPath, PathMissing, StoreNotWritable, StoreUnreachable
from results.stores.address import OPTIONS, StoreAddress
from results.stores.artifact_cache import ArtifactCache
from results.stores.byte_store import StoredFile
from results.stores.claims import Stamped
from results.stores.full_disk import full_disk_is_told
from results.stores.paths import check_path, is_path
from results.stores.s3_bucket import PART_BYTES, Bucket, Reply, code_of
from results.stores.store import Store

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_CONDITION_FAILED = {"412", "PreconditionFailed", "409"}
_CHANGES_MET = 5


class S3Store(Store):
    """Rows and bytes under ``s3://bucket/prefix``, with ``?endpoint=URL`` for other servers than AWS."""

    readers = 32

    def __init__(self, uri: str) -> None:
        name, self._prefix, options = StoreAddress.parse(uri).bucket_place
        query = urlencode({name: options[name] for name in OPTIONS if name in options}, safe=":/")
        self._uri = f"s3://{name}/{self._prefix}".rstrip("/") + (f"?{query}" if query else "")
        self._bucket = Bucket(name, self._uri, options)

    def __reduce__(self) -> tuple[type["S3Store"], tuple[str]]:
        return S3Store, (self._uri,)

    @property
    def uri(self) -> str:
        """The URI, with its options in a fixed order."""
        return self._uri

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step, in parts when it is large."""
        key = self._key(path)
        if len(data) > PART_BYTES:
            with self.file_to_write(path) as file:
                file.write_bytes(data)
            return
        with self._writing():
            self._bucket.put(key, data)

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``, checked against their hash; raises `PathMissing`."""
        key = self._key(path)
        with self._reading(path):
            return self._bucket.get(key)[0]

    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""
        key = self._key(path)
        try:
            with self._reading(path):
                self._bucket.version(key)
        except PathMissing:
            return False
        return True

    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted; foreign keys are none."""
        with self._reading(prefix):
            keys = [entry["Key"] for entry in self._bucket.keys(self._base + prefix)]
        return sorted(path for path in map(self._path, keys) if is_path(path))

    def stored(self, prefix: str = "") -> list[StoredFile]:
        """Return size and age of everything under ``prefix``, sorted by path."""
        with self._reading(prefix):
            entries = list(self._bucket.keys(self._base + prefix))
            now = self._now() if entries else datetime.now(UTC)
        files = (
            StoredFile(
                self._path(entry["Key"]),
                entry["Size"],
                (now - entry["LastModified"]).total_seconds(),
                f"{entry['ETag']} {entry['LastModified']}",
            )
            for entry in entries
        )
        return sorted(file for file in files if is_path(file.path))

    def leftovers(self) -> list[StoredFile]:
        """Return the uploads in parts that were begun and never completed, named ``path?upload id``."""
        with self._reading(""):
            uploads = list(self._bucket.uploads(self._base))
            now = self._now() if uploads else datetime.now(UTC)
            return sorted(
                StoredFile(
                    f"{self._path(upload['Key'])}?{upload['UploadId']}",
                    self._uploaded_bytes(upload),
                    (now - upload["Initiated"]).total_seconds(),
                )
                for upload in uploads
                if is_path(self._path(upload["Key"]))
            )

    def delete_leftover(self, name: str) -> None:
        """Give up one upload of `leftovers`, if it is still there."""
        path, _, upload = name.partition("?")
        if not upload:
            raise InvalidPath(f"{name!r} is not an unfinished upload of {self.uri}.")
        try:
            with self._writing():
                self._bucket.call("abort_multipart_upload", Key=self._key(path), UploadId=upload)
        except StoreNotWritable as error:
            if not isinstance(error.__cause__, ClientError) or code_of(error.__cause__) != "NoSuchUpload":
                raise

    def check_writable(self) -> None:
        """Write and remove a probe; raises `StoreNotWritable` with the reason."""
        path = f"probe-{uuid.uuid4().hex}"
        self.put_bytes(path, b"probe")
        self.delete(path)

    @contextmanager
    def file_to_read(self, path: str, sha256: str | None = None) -> Iterator[Path]:
        """Yield a file with the bytes under ``path``: from this machine's cache, where it is already there.

        With ``sha256`` no request is made for bytes that the cache has.
        """
        cache, wanted = ArtifactCache.of_this_machine(), sha256 or self._sha256(path)
        with cache.file(wanted, lambda place: self._download(path, place)) as file:
            yield file

    @contextmanager
    def file_to_write(self, path: str) -> Iterator[Path]:
        """Yield a file that is uploaded to ``path`` in one step when the block ends without an error."""
        key = self._key(path)
        with tempfile.TemporaryDirectory(prefix="tldmi-upload-") as folder:
            file = Path(folder) / "object"
            with full_disk_is_told(f"{tempfile.gettempdir()}, from where files go to {self.uri}"):
                yield file
            with self._writing():
                self._bucket.upload(key, file)

    def stamped(self, path: str) -> Stamped | None:
        """Return the object under ``path`` with its tag and its age by the server's clock, or ``None``."""
        key = self._key(path)
        try:
            with self._reading(path):
                data, answer = self._bucket.get(key)
        except PathMissing:
            return None
        return Stamped(data, answer["ETag"], (_date(answer) - answer["LastModified"]).total_seconds())

    def put_if(self, path: str, data: bytes, tag: str | None) -> str | None:
        """Write ``data`` if the object still has ``tag`` (``None``: if there is none); return the new tag.

        ``None`` when the condition did not hold. An attempt that succeeded but whose answer was lost is
        recognised by its bytes.
        """
        key = self._key(path)
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            answer = self._bucket.put(key, data, **condition)
        except ClientError as error:
            if code_of(error) not in _CONDITION_FAILED | _ABSENT:
                raise self._not_writable(error) from error
            seen = self.stamped(path)
            return seen.tag if seen is not None and seen.data == data else None
        return str(answer["ETag"])

    def delete(self, path: str) -> None:
        """Remove the object under ``path``, if there is one."""
        key = self._key(path)
        with self._writing():
            self._bucket.call("delete_object", Key=key)

    def _download(self, path: str, place: Path) -> None:
        """Write the bytes under ``path`` to a file; begun anew when they are replaced meanwhile."""
        key = self._key(path)
        with self._reading(path):
            for _ in range(_CHANGES_MET):
                try:
                    return self._bucket.download(key, self._bucket.version(key), place)
                except ClientError as error:
                    if code_of(error) not in _CONDITION_FAILED:
                        raise
        raise StoreUnreachable(f"{path} in {self.uri} was replaced {_CHANGES_MET} times while it was read.")

    def _sha256(self, path: str) -> str | None:
        with self._reading(path):
            return self._bucket.version(self._key(path)).sha256

    def _uploaded_bytes(self, upload: Reply) -> int:
        parts = self._bucket.call("list_parts", Key=upload["Key"], UploadId=upload["UploadId"])
        return sum(part["Size"] for part in parts.get("Parts", ()))

    def _now(self) -> datetime:
        """Return the time of the server's clock: ages do not depend on this machine's."""
        return _date(self._bucket.call("list_objects_v2", Prefix=self._base, MaxKeys=1))

    @property
    def _base(self) -> str:
        return f"{self._prefix}/" if self._prefix else ""

    def _key(self, path: str) -> str:
        return self._base + check_path(path)

    def _path(self, key: str) -> str:
        return key.removeprefix(self._base)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say of a refusal what it means for a writer."""
        try:
            yield
        except ClientError as error:
            raise self._not_writable(error) from error

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        """Say of a refusal what it means for a reader."""
        try:
            yield
        except ClientError as error:
            if code_of(error) in _ABSENT:
                raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.") from error
            raise StoreUnreachable(
                f"The store {self.uri} cannot be read: {error}. {_advice(error)}"
            ) from error

    def _not_writable(self, error: ClientError) -> StoreNotWritable:
        return StoreNotWritable(
            f"Cannot write to the store {self.uri}: {error}. Grant s3:PutObject there, or name another "
            f"place with --store. {_advice(error)}".rstrip()
        )


def _date(answer: Reply) -> datetime:
    """Return when the server answered, by its own clock."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


def _advice(error: ClientError) -> str:
    if code_of(error) == "RequestTimeTooSkewed":
        return "The clock of this machine is wrong by more than the server allows: set it, then run again."
    return "Check the credentials and their rights."
