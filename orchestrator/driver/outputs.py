"""The files a sweep leaves for people: its report and its front."""

from pathlib import Path

from results.stores.store import is_bucket, is_memory, local_path, open_store

OUTPUTS = ("report.html", "front.png", "front.csv", "front.parquet")


def output_folder(store_uri: str) -> Path:
    """Return where the outputs of a sweep lie: in its store, or else in a folder under ``runs``.

    >>> str(output_folder("s3://bucket/deep/tldmi?region=eu-west-1"))
    'runs/bucket-deep-tldmi'
    """
    if not (is_bucket(store_uri) or is_memory(store_uri)):
        return Path(local_path(store_uri))
    place = store_uri.partition("://")[2].partition("?")[0]
    return Path("runs") / "-".join(filter(None, place.split("/")))


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

    folder = output_folder(store_uri)
    paths = [folder / name for name in OUTPUTS]
    if ran or not all(path.exists() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        found = load(store_uri)
        record_importances(found.store, found.summary(sweep_id))
        for path in paths:
            export(found, path, sweep_id, force=True)
        if is_bucket(store_uri):
            store = open_store(store_uri)
            for path in paths:
                store.put_bytes(f"reports/{sweep_id}/{path.name}", path.read_bytes())
    return paths
