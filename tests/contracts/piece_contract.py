"""What every kind of piece keeps to, whoever defines it: a stable identity, a graph, and one build."""

import json
from pathlib import Path

import pytest

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import Piece
from search_spaces.pieces import PIECES, with_needs
from search_spaces.trial import read_piece
from trainables.build import build_piece, piece_row
from trainables.storage.artifacts import ArtifactRebuilt


class PieceContract:
    """Inherit and define ``piece``, which is built in seconds."""

    def piece(self, folder: Path) -> Piece:
        """Return a piece of the kind; ``folder`` is for data that it needs."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """Return a store in which all is built that the piece needs."""
        store = open_store(str(tmp_path / "store"), create=True)
        for needed in [*with_needs([self.piece(tmp_path)]).values()][:-1]:
            assert build_piece(needed, store).status == "done"
        return store

    def test_it_is_registered_under_its_kind(self, tmp_path: Path) -> None:
        piece = self.piece(tmp_path)
        assert PIECES[piece.kind] is type(piece)

    def test_its_identity_is_that_of_its_values(self, tmp_path: Path) -> None:
        piece = self.piece(tmp_path)
        again = read_piece(piece.model_dump_json())
        assert again == piece
        assert again.piece_id == piece.piece_id
        assert json.loads(piece.model_dump_json())["kind"] == piece.kind

    def test_what_it_needs_comes_first_and_never_itself(self, tmp_path: Path) -> None:
        piece = self.piece(tmp_path)
        *needed, last = with_needs([piece])
        assert last == piece.piece_id
        assert {each.piece_id for each in piece.needs} <= set(needed)

    def test_it_is_built_once_and_found_from_then_on(self, tmp_path: Path, store: Store) -> None:
        piece = self.piece(tmp_path)
        assert piece_row(piece, store) is None
        first = build_piece(piece, store)
        assert first.status == "done"
        row = piece_row(piece, store)
        assert row is not None
        assert row["status"] == "done"
        again = build_piece(piece, store)
        assert (again.status, again.values) == ("found", first.values)
        assert piece_row(piece, store) == row

    def test_a_corrupt_file_is_built_again_to_the_same_bytes(self, tmp_path: Path, store: Store) -> None:
        piece = self.piece(tmp_path)
        if piece.folder is None:
            pytest.skip("kept in rows alone")
        build_piece(piece, store)
        whole = store.get_bytes(piece.artifact_path)
        store.put_bytes(piece.artifact_path, whole[:-1] + bytes([whole[-1] ^ 255]))
        with pytest.warns(ArtifactRebuilt, match="built again"):
            assert build_piece(piece, store).status == "done"
        assert store.get_bytes(piece.artifact_path) == whole
