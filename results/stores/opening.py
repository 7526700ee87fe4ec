"""Opening the store of an address: one that is there, of this version, or a new one."""

import json

from results.errors import StoreMissing, StoreSchemaMismatch, StoreUnreachable
from results.schema import SCHEMA_VERSION, SCHEMAS
from results.stores.address import StoreAddress
from results.stores.marker import MARKER
from results.stores.store import Store

FORMAT = "tldmi-sweep"
"""What the marker of a store says it is a store of."""


def open_store(uri: str, create: bool = False) -> Store:
    """Return the store at ``uri``: a path, ``file://..``, ``s3://bucket/prefix[?endpoint=URL]``, ``memory://NAME``.

    What is in memory only this process sees. With ``create`` a missing or empty place becomes a store.
    Raises `StoreMissing`, `StoreSchemaMismatch`, `StoreNotWritable`, `StoreUnreachable`, and `InvalidPath`
    for any other URI.
    """
    store = _at(StoreAddress.parse(uri))
    if store.exists(MARKER):
        _check_version(store)
    elif any(store.list_paths(f"{table}/") for table in SCHEMAS):
        raise StoreSchemaMismatch(
            f"{store.uri} holds tables but no {MARKER}, so their version is unknown. "
            f"Restore {MARKER} from a copy, or name another folder."
        )
    elif create:
        _check_empty(store)
        store.check_writable()
        store.put_bytes(MARKER, json.dumps({"format": FORMAT, "schema_version": SCHEMA_VERSION}).encode())
    else:
        raise StoreMissing(f"No store at {store.uri}. Name another with --store, or run a sweep.")
    return store


def _check_empty(store: Store) -> None:
    paths = store.list_paths()
    if paths:
        raise StoreSchemaMismatch(
            f"{store.uri} is not a store and holds other files ({paths[0]}). "
            "Name an empty or a new folder with --store."
        )


def _at(address: StoreAddress) -> Store:
    if address.folder is not None:
        from results.stores.local import LocalStore

        return LocalStore(address.folder)
    if address.is_memory:
        from results.stores.memory import MemoryStore

        return MemoryStore(address.uri)
    # boto3 takes a quarter of a second, which only stores in buckets should cost.
    from results.stores.s3 import S3Store

    return S3Store(address.uri)


def _check_version(store: Store) -> None:
    try:
        marker = json.loads(store.get_bytes(MARKER))
        version, owner = marker["schema_version"], marker.get("format", FORMAT)
    except StoreUnreachable:  # an outage says nothing about the version
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StoreSchemaMismatch(
            f"{MARKER} of {store.uri} is not readable ({error}); it must hold schema_version "
            f"{SCHEMA_VERSION}. Restore it from a copy, or name another folder."
        ) from error
    if owner != FORMAT:
        raise StoreSchemaMismatch(
            f"{store.uri} is a store of {owner!r}, not of {FORMAT}. Name another folder with --store."
        )
    if version != SCHEMA_VERSION:
        raise StoreSchemaMismatch(
            f"The store {store.uri} has schema version {version}, this program reads and writes version "
            f"{SCHEMA_VERSION}. Use the tldmi-sweep that wrote it, or name another folder with --store."
        )
