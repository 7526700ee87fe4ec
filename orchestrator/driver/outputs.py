"""The files a sweep leaves for people: its report and its front."""

import hashlib
from pathlib import Path

from results.stores.address import StoreAddress
from results.stores.opening import open_store

OUTPUTS = ("report.html", "front.png", "front.csv", "front.parquet")
MARKER = ".tldmi-sweep-outputs"
"""File in a folder of outputs that says of which store they are."""


def output_folder(store_uri: str) -> Path:
    """Return where the outputs of a sweep lie: in its store, or else in a folder under ``runs``.

    A folder that has another use already is left alone: the outputs lie beside it then.

    >>> str(output_folder("s3://bucket/deep/tldmi?region=eu-west-1"))
    'runs/bucket-deep-tldmi'
    """
    address = StoreAddress.parse(store_uri)
    if address.folder is not None:
        return address.folder
    folder = Path("runs") / "-".join(address.segments)
    mark = _mark(store_uri)
    return folder if _is_free(folder, mark) else folder.with_name(f"{folder.name}-{mark[:8]}")


def _mark(store_uri: str) -> str:
    return hashlib.sha256(store_uri.encode()).hexdigest()


def _is_free(folder: Path, mark: str) -> bool:
    """Return whether ``folder`` is missing, empty, or holds the outputs of the store with this mark."""
    if (folder / MARKER).is_file():
        return (folder / MARKER).read_text(encoding="utf-8").strip() == mark
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def written_report(store_uri: str) -> Path | None:
    """Return the page that the latest run left, if it is there."""
    page = output_folder(store_uri) / OUTPUTS[0]
    return page if page.exists() else None


def write_outputs(store_uri: str, sweep_id: str, ran: int) -> list[Path]:
    """Write the outputs, unless this run changed nothing and they are there; return their paths.

    A bucket gets copies of them, under ``reports/<sweep_id>``.
    """
    from orchestrator.search.importance import record_importances
    from results.exports.exporting import export
    from results.reader import load

    address, folder = StoreAddress.parse(store_uri), output_folder(store_uri)
    paths = [folder / name for name in OUTPUTS]
    if ran or not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        if address.folder is None:
            (folder / MARKER).write_text(f"{_mark(store_uri)}\n", encoding="utf-8")
        loaded = load(store_uri)
        record_importances(loaded.store, loaded.summary(sweep_id))
        for path in paths:
            export(loaded, path, sweep_id, force=True)
        if address.is_bucket:
            store = open_store(store_uri)
            for path in paths:
                store.put_bytes(f"reports/{sweep_id}/{path.name}", path.read_bytes())
    return paths
