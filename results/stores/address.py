"""Where a store lies: the one place that reads a store's URI."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from results.errors import InvalidPath
from results.stores.paths import check_path

BUCKET, MEMORY = "s3://", "memory://"
OPTIONS = ("endpoint", "region", "addressing")
"""What may follow the ``?`` of a bucket's URI; ``addressing`` is ``path`` or ``virtual``."""


class BucketPlace(NamedTuple):
    """A bucket, the prefix of a store in it (no slashes at its ends), and how the bucket is reached."""

    bucket: str
    prefix: str
    options: dict[str, str]


@dataclass(frozen=True)
class StoreAddress:
    """The address of a store: a folder, a bucket, or the memory of this process."""

    uri: str
    """As it was given."""
    folder: Path | None
    """The folder of a local store, as it was given; ``None`` for a bucket and for memory."""

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Return the address that a path, ``file://``, ``s3://`` or ``memory://`` URI means.

        Raises `InvalidPath` for any other URI, and for an empty one.

        >>> StoreAddress.parse("file:///data/my%20runs").folder
        PosixPath('/data/my runs')
        """
        return cls(uri, None if uri.startswith((BUCKET, MEMORY)) else _local_folder(uri))

    @property
    def is_bucket(self) -> bool:
        """Whether the store lies in a bucket."""
        return self.uri.startswith(BUCKET)

    @property
    def is_memory(self) -> bool:
        """Whether this process alone sees the store."""
        return self.uri.startswith(MEMORY)

    @property
    def bucket_place(self) -> BucketPlace:
        """Bucket, prefix and options of an ``s3://`` URI.

        Raises `InvalidPath` for a URI without a bucket, with credentials, or with unknown options.

        >>> StoreAddress.parse("s3://bucket/deep/runs/?region=eu-west-1").bucket_place
        BucketPlace(bucket='bucket', prefix='deep/runs', options={'region': 'eu-west-1'})
        """
        return _bucket_place(self.uri)

    @property
    def lock_folder(self) -> Path:
        """Folder of the store's locks: inside a local store, else a temporary folder of this machine."""
        if self.folder is not None:
            return self.folder / ".locks"
        name = hashlib.sha256(self.uri.encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"tldmi-locks-{os.getuid()}" / name

    @property
    def segments(self) -> tuple[str, ...]:
        """Names that the URI of a bucket or of memory is made of, without its options.

        >>> StoreAddress.parse("s3://bucket/deep/runs?region=eu-west-1").segments
        ('bucket', 'deep', 'runs')
        """
        place = self.uri.partition("://")[2].partition("?")[0]
        return tuple(filter(None, place.split("/")))

    def shown(self, path: str) -> str:
        """Return where something stored under ``path`` lies, for people: a file, or a URI without options.

        >>> StoreAddress.parse("s3://bucket/runs?region=eu-west-1").shown("logs/a.txt")
        's3://bucket/runs/logs/a.txt'
        """
        if self.folder is not None:
            return str(self.folder / path)
        return f"{self.uri.partition('?')[0]}/{path}"


def _local_folder(uri: str) -> Path:
    if "://" not in uri:
        if not uri or "\0" in uri:
            raise InvalidPath(f"Invalid store {uri!r}: give the path of a folder or a file:// URI.")
        return Path(uri)
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise InvalidPath(
            f"Unsupported store {uri!r}: give the path of a folder, file:///absolute/path, "
            "s3://bucket/prefix or memory://NAME."
        )
    return Path(unquote(parts.path))


def _bucket_place(uri: str) -> BucketPlace:
    parts = urlsplit(uri)
    given = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(set(given) - set(OPTIONS))
    if "@" in parts.netloc or any("@" in urlsplit(url).netloc for url in given.get("endpoint", ())):
        raise InvalidPath("A store URI holds no credentials: give them as boto3 expects (AWS_PROFILE, ...).")
    if parts.scheme != "s3" or not parts.netloc or parts.fragment or unknown:
        raise InvalidPath(
            f"Unsupported store {uri!r}: give s3://bucket/prefix, with any of ?{'=..&'.join(OPTIONS)}=.."
        )
    prefix = parts.path.strip("/")
    if prefix:
        check_path(prefix)
    return BucketPlace(parts.netloc, prefix, {name: values[-1] for name, values in given.items()})
