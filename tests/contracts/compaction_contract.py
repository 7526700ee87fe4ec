"""What compaction must do in every store: an implementation inherits `CompactionContract` and gives one."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from results.errors import BytesCorrupt
from results.stores import compaction, scanning
from results.stores.compaction import compact, compact_table, mergeable
from results.stores.store import Store

UNITS = 12
EVERY_STEP = range(2 * UNITS)
"""Steps after which compaction is killed: writing, reading back, removals; the last come after its end."""


class CompactionContract:
    """Inherit, and give the fixture ``store``: a new, empty one."""

    rounds = 15
    """Compactions beside a reader."""

    @pytest.fixture
    def store(self) -> Store:
        """A new store."""
        raise AssertionError("a test of compaction overrides this fixture")

    def test_rows_units_and_order_stay_and_parts_go(self, store: Store) -> None:
        before, units = fill(store), store.units("curves")
        compact_table(store, "curves")
        assert parts(store) == []
        assert len(merged(store)) == 1
        assert store.read_rows("curves").equals(before)
        assert store.units("curves") == units
        assert all(store.has_rows("curves", unit) for unit in units)
        assert not store.has_rows("curves", "t77")
        assert store.read_rows("curves", "t03")["epoch"].to_pylist() == [30, 31]
        assert store.read_rows("curves", "t99").num_rows == 0
        assert store.read_rows("curves", "t77").num_rows == 0
        assert store.unreadable_parts("curves") == ()

    def test_a_later_rewrite_wins_and_is_merged_the_next_time(self, store: Store) -> None:
        fill(store)
        compact_table(store, "curves")
        write(store, "t03", 500)
        write(store, "t50", 600)
        for _ in range(2):
            rows = store.read_rows("curves")
            assert rows.num_rows == 2 * UNITS + 2
            assert store.read_rows("curves", "t03")["epoch"].to_pylist() == [500, 501]
            ids = rows["target_id"].to_pylist()
            assert ids == sorted(ids)
            compact_table(store, "curves")
        assert len(merged(store)) == 1
        assert parts(store) == []

    def test_a_part_without_rows_hides_what_was_merged(self, store: Store) -> None:
        fill(store)
        compact_table(store, "curves")
        write(store, "t03", 0, rows=0)
        assert store.read_rows("curves", "t03").num_rows == 0
        assert store.read_rows("curves").num_rows == 2 * UNITS - 2
        assert "t03" in store.units("curves")

    @pytest.mark.parametrize("killed_at", EVERY_STEP)
    def test_killed_at_any_step_every_row_is_there_once_and_it_can_be_run_again(
        self, store: Store, killed_at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(store)
        compact_table(store, "curves")
        for number in range(UNITS // 2):
            write(store, f"t{number:02d}", 1000 + number)
        before = store.read_rows("curves")
        with monkeypatch.context() as patch:
            _kill_after(patch, store, killed_at)
            with contextlib.suppress(Killed):
                compact_table(store, "curves")
        assert store.read_rows("curves").equals(before)
        compact_table(store, "curves")
        assert store.read_rows("curves").equals(before)
        assert parts(store) == []
        assert len(merged(store)) == 1

    def test_readers_beside_it_see_each_row_once(self, store: Store) -> None:
        """Parts vanish under a reader; merged files are replaced by newer ones."""
        before, ended, wrong, looks = fill(store), threading.Event(), [], []

        def read() -> None:
            while not ended.is_set():
                found = store.scan("curves")
                looks.append(found.rows.num_rows)
                if not found.rows.equals(before) or found.unreadable:
                    wrong.append(found)

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(self.rounds):
            compact_table(store, "curves")
            for number in range(0, UNITS, 3):
                write(store, f"t{number:02d}", 10 * number)
        ended.set()
        reader.join()
        assert looks
        assert wrong == []

    def test_parts_that_go_while_they_are_read_are_found_in_what_they_were_merged_into(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In one pass, whatever is merged meanwhile."""
        before, read = fill(store), scanning._own_pieces

        def late(*arguments: Any) -> Any:
            monkeypatch.setattr(scanning, "_own_pieces", read)
            compact_table(store, "curves")
            return read(*arguments)

        monkeypatch.setattr(scanning, "_own_pieces", late)
        monkeypatch.setattr(scanning, "_PASSES", 1)
        found = store.scan("curves")
        assert (found.rows.equals(before), found.unreadable) == (True, ())
        monkeypatch.setattr(scanning, "_own_pieces", late)
        write(store, "t03", 30)
        assert store.read_rows("curves", "t03")["epoch"].to_pylist() == [30, 31]

    def test_a_part_rewritten_meanwhile_is_not_removed(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(store)
        joined = compaction._joined

        def late(*arguments: Any) -> Any:
            write(store, "t03", 700)
            return joined(*arguments)

        monkeypatch.setattr(compaction, "_joined", late)
        compact_table(store, "curves")
        assert parts(store) == ["curves/t03.parquet"]
        assert store.read_rows("curves", "t03")["epoch"].to_pylist() == [700, 701]
        assert store.read_rows("curves").num_rows == 2 * UNITS

    def test_what_cannot_be_read_stays_and_is_named(self, store: Store) -> None:
        fill(store)
        store.put_bytes("curves/t03.parquet", b"PAR1")
        compact_table(store, "curves")
        assert parts(store) == ["curves/t03.parquet"]
        assert [part.path for part in store.unreadable_parts("curves")] == ["curves/t03.parquet"]
        assert not store.has_rows("curves", "t03")
        assert store.read_rows("curves").num_rows == 2 * UNITS - 2

    def test_failed_units_keep_their_parts(self, store: Store) -> None:
        for number, status in enumerate(["done", "failed", "done"]):
            store.write_rows("targets", f"t{number}", [{"target_id": f"t{number}", "status": status}])
        compact(store, at_least=2)
        assert store.exists("targets/t1.parquet")
        store.delete("targets/t1.parquet")
        assert store.read_rows("targets")["target_id"].to_pylist() == ["t0", "t2"]

    def test_a_merged_file_that_does_not_read_back_costs_nothing(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = fill(store)
        with monkeypatch.context() as patch:
            patch.setattr(compaction, "read_merged", lambda table, file: scanning.Piece(before.slice(1), {}))
            with pytest.raises(BytesCorrupt, match="no part was removed"):
                compact_table(store, "curves")
        assert len(parts(store)) == UNITS + 1
        assert store.read_rows("curves").equals(before)

    @pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(40) + b"PAR1"])
    def test_a_damaged_merged_file_is_named_and_its_units_count_as_not_written(
        self, store: Store, data: bytes
    ) -> None:
        fill(store)
        store.put_bytes("curves/merged/00000001-0123456789ab.parquet", data)
        assert store.read_rows("curves").num_rows == 2 * UNITS
        (part,) = store.unreadable_parts("curves")
        assert part.path == "curves/merged/00000001-0123456789ab.parquet"
        compact_table(store, "curves")
        assert store.read_rows("curves").num_rows == 2 * UNITS

    def test_foreign_files_beside_merged_ones_are_passed_over(self, store: Store) -> None:
        before = fill(store)
        store.put_bytes("curves/merged/notes.txt", b"x")
        store.put_bytes("curves/merged/mine.parquet", b"x")
        assert store.read_rows("curves").equals(before)

    def test_few_parts_are_left_alone(self, store: Store) -> None:
        fill(store)
        assert compact(store) == []
        assert len(parts(store)) == UNITS + 1
        (one,) = mergeable(store, at_least=UNITS)
        assert (one.table, one.parts) == ("curves", UNITS + 1)
        assert one.bytes_before == sum(file.size for file in store.stored("curves/"))
        assert compact(store, at_least=UNITS) == [one]
        assert compact(store, at_least=2) == []

    def test_a_listing_that_stays_stale_names_what_is_not_there(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(store)
        listed = store.list_paths("curves/")
        store.delete("curves/t03.parquet")
        fresh = store.list_paths
        monkeypatch.setattr(
            store, "list_paths", lambda prefix="": listed if prefix == "curves/" else fresh(prefix)
        )
        found = store.scan("curves")
        assert found.rows.num_rows == 2 * UNITS - 2
        assert [part.path for part in found.unreadable] == ["curves/t03.parquet"]


def write(store: Store, unit: str, value: int, rows: int = 2) -> None:
    store.write_rows("curves", unit, [{"target_id": unit, "epoch": value + row} for row in range(rows)])


def fill(store: Store) -> pa.Table:
    """Write parts in an order that is not that of their names, one of them without rows."""
    for number in reversed(range(UNITS)):
        write(store, f"t{number:02d}", 10 * number)
    write(store, "t99", 0, rows=0)
    return store.read_rows("curves")


def parts(store: Store) -> list[str]:
    return [path for path in store.list_paths("curves/") if path.count("/") == 1]


def merged(store: Store) -> list[str]:
    return store.list_paths("curves/merged/")


class Killed(BaseException):
    """What ends a process, as far as a test can say so."""


def _kill_after(patch: pytest.MonkeyPatch, store: Store, steps: int) -> None:
    """Let every operation that changes the store count, and raise instead of the one after ``steps``."""
    left = [steps]
    patch.setattr(type(store), "readers", 1)

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any) -> Any:
            if not left[0]:
                raise Killed
            left[0] -= 1
            return operation(*arguments)

        return count

    for name in ("delete", "file_to_write", "file_to_read"):
        patch.setattr(store, name, counted(getattr(store, name)))
