"""A store in a local folder: each file is written beside its place under a hidden name, then renamed."""

import os
import uuid
from pathlib import Path

from results.errors import PathMissing, StoreNotWritable
from results.store import Store, check_path, is_path

_PROBE_BYTES = 1 << 20


class LocalStore(Store):
    """Rows and bytes in the folder ``root``; made with its parents on the first write."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root).expanduser().absolute()

    @property
    def uri(self) -> str:
        """The absolute path of the folder."""
        return str(self._root)

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write ``data`` under ``path`` in one step and make it durable."""
        place = self._place(path)
        try:
            self._make_folder(place.parent)
            _write_synced(place, data)
        except OSError as error:
            raise self._not_writable(error) from error

    def get_bytes(self, path: str) -> bytes:
        """Return the bytes under ``path``; raises `PathMissing`."""
        try:
            return self._place(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise PathMissing(f"Nothing is stored under {path!r} in {self.uri}.") from error

    def exists(self, path: str) -> bool:
        """Return whether something is stored under ``path``."""
        return self._place(path).is_file()

    def list_paths(self, prefix: str = "") -> list[str]:
        """Return every stored path that starts with ``prefix``, sorted; hidden files are none."""
        folder = prefix.rpartition("/")[0]
        top = self._place(folder) if folder else self._root
        return sorted(path for path in self._walk(top) if path.startswith(prefix))

    def delete(self, path: str) -> None:
        """Remove what is stored under ``path``, if there is something."""
        place = self._place(path)
        try:
            if place.is_file():
                place.unlink(missing_ok=True)  # another process may be as fast
        except OSError as error:
            raise self._not_writable(error) from error

    def check_writable(self) -> None:
        """Write, sync and remove a probe of 1 MiB; raises `StoreNotWritable` with the reason."""
        probe = self._root / f".probe-{uuid.uuid4().hex}"
        try:
            self._make_folder(self._root)
            try:
                _write_file(probe, bytes(_PROBE_BYTES))
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise self._not_writable(error) from error

    def _place(self, path: str) -> Path:
        return self._root / check_path(path)

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def _walk(self, top: Path) -> list[str]:
        found = []
        for folder, _, files in os.walk(top, onerror=_raise_unless_absent):
            relative = Path(folder).relative_to(self._root).as_posix()
            base = "" if relative == "." else f"{relative}/"
            found += [f"{base}{name}" for name in files if not name.startswith(".")]
        return [path for path in found if is_path(path)]

    def _not_writable(self, error: OSError) -> StoreNotWritable:
        reason = error.strerror or str(error)
        return StoreNotWritable(
            f"Cannot write to the store {self.uri}: {reason}. Free space or grant permission there, "
            "or name another folder with --store."
        )


def _raise_unless_absent(error: OSError) -> None:
    """Let a folder that cannot be read be an error: taken for empty, its units would be made again."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _write_synced(place: Path, data: bytes) -> None:
    """Write beside ``place``, then rename: a killed process leaves at most a hidden file."""
    aside = place.parent / f".{uuid.uuid4().hex}.part"
    try:
        _write_file(aside, data)
        os.replace(aside, place)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)


def _write_file(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
