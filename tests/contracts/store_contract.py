"""What every store must do: an implementation inherits `StoreContract` and gives an empty place."""

import errno
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from results.errors import (
    InvalidPath,
    InvalidRows,
    PathMissing,
    StoreMissing,
    StoreNotWritable,
    StoreSchemaMismatch,
)
from results.schema import SCHEMA_VERSION, SCHEMAS
from results.stores.marker import MARKER
from results.stores.opening import open_store
from results.stores.store import Store

ROOT = Path(__file__).parent.parent.parent
ESCAPES = [
    "../out",
    "a/../../out",
    "/etc/out",
    "a//b",
    "",
    ".",
    "..",
    "a/..",
    ".hidden",
    "a/.hidden",
    "a\\b",
    "a\0b",
    "ä",
]


class StoreContract:
    """Inherit, and give the fixture ``uri``: a place where no store is yet."""

    @pytest.fixture
    def uri(self) -> str:
        """The URI of an empty place."""
        raise AssertionError("a test of a store overrides this fixture")

    @pytest.fixture
    def store(self, uri: str) -> Store:
        """A new store."""
        return open_store(uri, create=True)

    def test_a_missing_store_is_refused_with_what_to_do(self, uri: str) -> None:
        with pytest.raises(StoreMissing, match="--store"):
            open_store(uri)

    def test_a_new_store_can_be_opened_from_its_uri(self, store: Store) -> None:
        store.put_bytes("artifacts/a.bin", b"1")
        again = open_store(store.uri)
        assert again.uri == store.uri
        assert again.get_bytes("artifacts/a.bin") == b"1"

    def test_creating_twice_keeps_what_is_there(self, store: Store) -> None:
        store.write_rows("curves", "t1", [{"target_id": "t1", "epoch": 0}])
        assert open_store(store.uri, create=True).read_rows("curves").num_rows == 1

    def test_a_place_with_other_files_is_refused_and_left_alone(self, store: Store) -> None:
        store.delete(MARKER)
        store.put_bytes("thesis/chapter1.tex", b"mine")
        with pytest.raises(StoreSchemaMismatch, match=r"other files \(thesis/chapter1.tex\).*--store"):
            open_store(store.uri, create=True)
        assert store.list_paths() == ["thesis/chapter1.tex"]

    @pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, 987], ids=["older", "newer"])
    def test_another_version_is_refused_naming_both_versions(self, store: Store, version: int) -> None:
        store.put_bytes(MARKER, json.dumps({"schema_version": version}).encode())
        for create in (False, True):
            with pytest.raises(StoreSchemaMismatch) as caught:
                open_store(store.uri, create=create)
            assert f"version {version}," in str(caught.value)
            assert f"version {SCHEMA_VERSION}" in str(caught.value)
            assert "--store" in str(caught.value)

    def test_a_store_of_another_program_is_refused_and_named(self, store: Store) -> None:
        store.put_bytes(MARKER, json.dumps({"format": "zarr", "schema_version": SCHEMA_VERSION}).encode())
        for create in (False, True):
            with pytest.raises(StoreSchemaMismatch, match="a store of 'zarr'"):
                open_store(store.uri, create=create)

    @pytest.mark.parametrize("marker", [b"", b"not json", b"[]", b"{}", b"\xff\xfe"])
    def test_a_damaged_marker_is_refused(self, store: Store, marker: bytes) -> None:
        store.put_bytes(MARKER, marker)
        with pytest.raises(StoreSchemaMismatch, match="not readable"):
            open_store(store.uri)

    def test_bytes_come_back_and_can_be_replaced(self, store: Store) -> None:
        store.put_bytes("artifacts/targets/t.bin", b"\0\1\2")
        assert store.exists("artifacts/targets/t.bin")
        store.put_bytes("artifacts/targets/t.bin", b"new")
        assert store.get_bytes("artifacts/targets/t.bin") == b"new"
        assert not store.exists("artifacts/targets/other.bin")
        assert not store.exists("artifacts/targets")

    def test_deleted_bytes_are_gone_and_nothing_else_is(self, store: Store) -> None:
        for path in ("artifacts/a/1", "artifacts/a/10"):
            store.put_bytes(path, b"1")
        store.delete("artifacts/a/1")
        assert store.list_paths("artifacts/") == ["artifacts/a/10"]
        for absent in ("artifacts/a/1", "artifacts/none/1", "artifacts/a"):
            store.delete(absent)
        assert store.get_bytes("artifacts/a/10") == b"1"

    def test_sizes_and_ages_are_listed(self, store: Store) -> None:
        store.put_bytes("b/1", b"123")
        store.put_bytes("b/c/2", b"")
        store.put_bytes("bb/1", b"1")
        assert [(file.path, file.size) for file in store.stored("b/")] == [("b/1", 3), ("b/c/2", 0)]
        assert store.stored("nothing/") == []
        assert [file.path for file in store.stored()] == store.list_paths()
        assert all(-5 < file.age < 120 for file in store.stored())

    def test_a_file_is_stored_in_one_step_when_it_is_finished(self, store: Store) -> None:
        store.put_bytes("artifacts/a", b"old")
        with store.file_to_write("artifacts/a") as file:
            file.write_bytes(b"half")
            assert store.get_bytes("artifacts/a") == b"old"
            assert store.list_paths("artifacts/") == ["artifacts/a"]
            file.write_bytes(b"whole")
        assert store.get_bytes("artifacts/a") == b"whole"

    def test_a_file_can_be_the_first_of_its_folders(self, store: Store) -> None:
        with store.file_to_write("artifacts/new/folders/a") as file:
            file.write_bytes(b"whole")
        assert store.list_paths("artifacts/") == ["artifacts/new/folders/a"]

    def test_a_file_whose_writer_fails_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.file_to_write("artifacts/a") as file:
            assert 1 / file.write_bytes(b"")
        assert store.list_paths() == [MARKER]
        assert store.leftovers() == []

    def test_a_file_is_read_and_stays_readable_once_it_is_open(self, store: Store) -> None:
        store.put_bytes("artifacts/a", b"first")
        with store.file_to_read("artifacts/a") as file:
            opened = file.open("rb")
        store.put_bytes("artifacts/a", b"second")
        with store.file_to_read("artifacts/a") as file:
            assert file.read_bytes() == b"second"
        store.delete("artifacts/a")
        with opened:
            assert opened.read() == b"first"

    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            OSError(errno.EROFS, "Read-only file system"),
            RuntimeError("I/O error: No space left on device (os error 28)"),  # as safetensors says it
        ],
        ids=["full", "read-only", "in Rust"],
    )
    def test_a_disk_that_is_full_is_told_from_work_that_fails(self, store: Store, error: Exception) -> None:
        with pytest.raises(StoreNotWritable, match="Cannot write to"), store.file_to_write("artifacts/a"):
            raise error
        with pytest.raises(RuntimeError, match="diverged"), store.file_to_write("artifacts/a"):
            raise RuntimeError("it diverged (os error 2)")
        assert store.list_paths() == [MARKER]
        assert store.leftovers() == []

    def test_a_file_that_is_missing_is_named(self, store: Store) -> None:
        with pytest.raises(PathMissing, match="artifacts/none"), store.file_to_read("artifacts/none"):
            pass

    @pytest.mark.parametrize("name", ["artifacts/a", "store.json", "../x", "", ".locks/sweep.lock"])
    def test_only_leftovers_are_deleted_as_such(self, store: Store, name: str) -> None:
        store.put_bytes("artifacts/a", b"1")
        before = store.list_paths()
        with pytest.raises(InvalidPath):
            store.delete_leftover(name)
        assert store.list_paths() == before

    def test_missing_bytes_are_named(self, store: Store) -> None:
        with pytest.raises(PathMissing, match="artifacts/none"):
            store.get_bytes("artifacts/none")

    def test_paths_are_listed_by_prefix_and_sorted(self, store: Store) -> None:
        for path in ("b/2", "b/1", "a/x", "bb/1", "b/c/3"):
            store.put_bytes(path, b"")
        assert store.list_paths("b/") == ["b/1", "b/2", "b/c/3"]
        assert store.list_paths("b/1") == ["b/1"]
        assert store.list_paths("b") == ["b/1", "b/2", "b/c/3", "bb/1"]
        assert store.list_paths("nothing/") == []
        assert set(store.list_paths()) == {"a/x", "b/1", "b/2", "b/c/3", "bb/1", MARKER}

    @pytest.mark.parametrize("path", ESCAPES)
    def test_no_path_leaves_the_store(self, store: Store, path: str) -> None:
        for act in (store.get_bytes, store.exists, store.delete, lambda path: store.put_bytes(path, b"")):
            with pytest.raises(InvalidPath):
                act(path)
        for act in (
            lambda unit: store.write_rows("curves", unit, []),
            lambda unit: store.has_rows("curves", unit),
        ):
            with pytest.raises(InvalidPath):
                act(path)

    def test_a_unit_names_a_file_not_a_folder(self, store: Store) -> None:
        with pytest.raises(InvalidPath):
            store.write_rows("curves", "a/b", [])

    def test_rows_come_back_under_the_whole_schema(self, store: Store) -> None:
        store.write_rows("curves", "t1", [{"target_id": "t1", "epoch": 0, "value": 0.5}])
        table = store.read_rows("curves", "t1")
        assert table.schema.equals(SCHEMAS["curves"])
        assert table.to_pylist()[0] == dict.fromkeys(SCHEMAS["curves"].names) | {
            "target_id": "t1",
            "epoch": 0,
            "value": 0.5,
        }

    def test_columns_null_in_one_part_and_set_in_another_read_together(self, store: Store) -> None:
        store.write_rows("curves", "a", [{"target_id": "a", "epoch": 0, "value": None}])
        store.write_rows("curves", "b", [{"target_id": "b", "epoch": 0, "value": 0.25}])
        assert store.read_rows("curves")["value"].to_pylist() == [None, 0.25]

    def test_every_table_is_empty_at_first(self, store: Store) -> None:
        for table, schema in SCHEMAS.items():
            assert store.read_rows(table).schema.equals(schema)
            assert store.read_rows(table).num_rows == 0
            assert store.read_rows(table, "unwritten").num_rows == 0
            assert store.unreadable_parts(table) == ()

    def test_a_retry_overwrites_itself(self, store: Store) -> None:
        store.write_rows("curves", "t1", [{"target_id": "t1", "epoch": epoch} for epoch in range(3)])
        store.write_rows("curves", "t1", [{"target_id": "t1", "epoch": 7}])
        assert store.read_rows("curves")["epoch"].to_pylist() == [7]
        assert store.units("curves") == ["t1"]

    def test_the_same_rows_are_the_same_bytes(self, store: Store) -> None:
        rows = [{"target_id": "t", "epoch": 0, "value": 0.1}]
        store.write_rows("curves", "a", rows)
        first = store.get_bytes("curves/a.parquet")
        store.write_rows("curves", "a", rows)
        assert store.get_bytes("curves/a.parquet") == first

    def test_a_unit_without_rows_counts_as_written(self, store: Store) -> None:
        assert not store.has_rows("curves", "t1")
        store.write_rows("curves", "t1", [])
        assert store.has_rows("curves", "t1")

    @pytest.mark.parametrize(
        ("row", "named"),
        [
            ({"target_id": "t", "epoch": "3"}, "epoch"),
            ({"target_id": "t", "epoch": 1.5}, "epoch"),
            ({"target_id": "t", "epoch": True}, "epoch"),
            ({"target_id": "t", "epoch": 2**40}, "epoch"),
            ({"target_id": 7}, "target_id"),
            ({"target_id": "t", "value": "low"}, "value"),
            ({"target_id": "t", "epochs": 3}, "epochs"),
        ],
    )
    def test_wrong_columns_and_types_are_refused_and_leave_nothing(
        self, store: Store, row: dict[str, object], named: str
    ) -> None:
        with pytest.raises(InvalidRows, match=f"curves.*{named}"):
            store.write_rows("curves", "t", [row])
        assert not store.has_rows("curves", "t")

    def test_a_time_needs_its_zone(self, store: Store) -> None:
        moment = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
        with pytest.raises(InvalidRows, match="time zone"):
            store.write_rows("targets", "t", [{"target_id": "t", "finished_at": moment.replace(tzinfo=None)}])
        store.write_rows("targets", "t", [{"target_id": "t", "finished_at": moment}])
        assert store.read_rows("targets").to_pylist()[0]["finished_at"] == moment

    def test_an_unknown_table_is_refused(self, store: Store) -> None:
        with pytest.raises(InvalidRows, match="targets"):
            store.write_rows("target", "t", [])
        with pytest.raises(InvalidRows):
            store.read_rows("target")

    @pytest.mark.parametrize("keep", [0, 4, 200, -1])
    def test_a_corrupt_part_is_named_skipped_and_counted(self, store: Store, keep: int) -> None:
        store.write_rows("curves", "good", [{"target_id": "good", "epoch": 0}])
        store.write_rows("curves", "bad", [{"target_id": "bad", "epoch": 0}])
        store.put_bytes("curves/bad.parquet", store.get_bytes("curves/bad.parquet")[:keep])
        assert store.read_rows("curves")["target_id"].to_pylist() == ["good"]
        (part,) = store.unreadable_parts("curves")
        assert part.path == "curves/bad.parquet"
        assert part.reason
        assert not store.has_rows("curves", "bad")
        store.write_rows("curves", "bad", [{"target_id": "bad", "epoch": 1}])
        assert store.read_rows("curves").num_rows == 2
        assert store.unreadable_parts("curves") == ()

    def test_a_part_of_another_table_is_unreadable_where_types_clash(self, store: Store) -> None:
        store.write_rows(
            "trials", "t", [{"sweep_id": "s", "number": 1, "reason": "why", "attack_ids": ["a"]}]
        )
        store.write_rows("curves", "t", [{"target_id": "t", "epoch": 1, "value": 0.5}])
        store.put_bytes("targets/odd.parquet", b"PAR1" + bytes(40) + b"PAR1")
        assert store.read_rows("targets").num_rows == 0
        assert [part.path for part in store.unreadable_parts("targets")] == ["targets/odd.parquet"]

    def test_concurrent_writers_of_one_unit_leave_one_whole_part(self, store: Store) -> None:
        def write(epochs: int) -> None:
            store.write_rows("curves", "t", [{"target_id": "t", "epoch": epochs} for _ in range(epochs)])

        with ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(write, epochs) for epochs in range(1, 41)]
            seen = [store.read_rows("curves", "t")["epoch"].to_pylist() for _ in range(40)]
            for future in futures:
                future.result()
        for epochs in [*seen, store.read_rows("curves", "t")["epoch"].to_pylist()]:
            assert epochs == [len(epochs)] * len(epochs)
        assert store.unreadable_parts("curves") == ()

    def test_a_killed_writer_never_leaves_a_readable_half(self, store: Store) -> None:
        """A subprocess rewrites one large unit for ever and is killed at several moments."""
        for delay in (0.003, 0.05):
            writer = subprocess.Popen(
                [sys.executable, "-c", _WRITE_FOR_EVER, store.uri], cwd=ROOT, stdout=subprocess.PIPE
            )
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            time.sleep(delay)
            writer.kill()
            writer.wait()
            writer.stdout.close()
            assert store.unreadable_parts("curves") == ()
            rows = store.read_rows("curves", "big")
            assert rows.num_rows in (0, 300_000)
            assert store.has_rows("curves", "big") == (rows.num_rows > 0)
        assert [path for path in store.list_paths() if path not in (MARKER, "curves/big.parquet")] == []
        for left in store.leftovers():
            store.delete_leftover(left.path)
        assert store.leftovers() == []

    def test_a_probe_leaves_nothing(self, store: Store) -> None:
        before = store.list_paths()
        store.check_writable()
        assert store.list_paths() == before
        assert store.leftovers() == [], "not even hidden"


_WRITE_FOR_EVER = """
import random, sys
import pyarrow as pa
from results.stores.parts import encode
from results.stores.opening import open_store
store = open_store(sys.argv[1])
draw = random.Random(0).random
data = encode(pa.table({"loss": [draw() for _ in range(300_000)]}))
print("writing", flush=True)
while True:
    store.put_bytes("curves/big.parquet", data)
"""
