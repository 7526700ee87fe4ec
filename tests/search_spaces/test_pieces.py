"""Pieces of a trial: each once, needed ones first, identities that no two kinds share."""

from typing import Literal

import pytest

from search_spaces import (
    Piece,
    Sweep,
    TargetConfig,
    Trial,
    load_setup,
    load_space,
)
from search_spaces.defenses import Defense
from search_spaces.pieces import PIECES, with_needs


def trial(seed: int = 0) -> Trial:
    return Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("orl_faces")).trial(Defense(), seed)


def test_every_piece_comes_once_and_after_what_it_needs() -> None:
    pieces = trial().pieces()
    assert [*pieces] == list(dict.fromkeys(pieces))
    for place, piece in enumerate(pieces.values()):
        needed = [[*pieces].index(each.piece_id) for each in piece.needs]
        assert all(position < place for position in needed)


def test_attacks_share_one_prior_and_its_evaluators() -> None:
    pieces = trial().pieces()
    kinds = [piece.kind for piece in pieces.values()]
    assert kinds.count("prior") == kinds.count("target") == 1
    assert kinds.count("attack") == len(trial().attacks) > 1


def test_shared_pieces_are_those_of_every_seed() -> None:
    one, other = trial(0), trial(1)
    assert one.shared_pieces() == other.shared_pieces()
    assert {piece.kind for piece in one.shared_pieces().values()} == {"prior", "evaluator"}
    assert not set(one.shared_pieces()) & {one.target.piece_id, *(each.piece_id for each in one.attacks)}


def test_a_kind_is_part_of_the_identity() -> None:
    class First(Piece):
        kind: Literal["first"] = "first"
        seed: int = 0

    class Second(Piece):
        kind: Literal["second"] = "second"
        seed: int = 0

    assert First().piece_id != Second().piece_id
    assert First().piece_id == First(seed=0).piece_id != First(seed=1).piece_id


def test_a_piece_that_needs_itself_is_refused() -> None:
    class Endless(Piece):
        kind: Literal["endless"] = "endless"

        @property
        def needs(self) -> tuple[Piece, ...]:
            return (self,)

    with pytest.raises(ValueError, match="needs itself"):
        with_needs([Endless()])


def test_a_trial_without_analyses_has_the_identity_of_one_that_knows_none() -> None:
    assert "analyses" not in trial().model_dump(mode="json")


def test_an_analysis_is_read_back_as_what_it_was() -> None:
    @PIECES.register
    class Counted(Piece):
        kind: Literal["counted"] = "counted"
        target: TargetConfig

        @property
        def needs(self) -> tuple[Piece, ...]:
            return (self.target,)

    try:
        plain = trial()
        wider = plain.model_copy(update={"analyses": (Counted(target=plain.target),)})
        read = Trial.model_validate_json(wider.model_dump_json())
        assert read == wider
        assert read.trial_id == wider.trial_id != plain.trial_id
        assert [*read.pieces()][: len(plain.pieces())] == [*plain.pieces()]
    finally:
        PIECES.remove("counted")


def test_a_piece_that_is_kept_in_rows_has_no_file() -> None:
    with pytest.raises(LookupError, match="attack has no file"):
        _ = trial().attacks[0].artifact_path
