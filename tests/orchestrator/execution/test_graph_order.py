"""Whatever order steps end in, each piece is built once and after all that it needs, whoever builds it."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.execution.chain import Chain
from orchestrator.execution.events import TrialEnded, TrialOutcome
from orchestrator.execution.resources import GpuShares, ResourceRequest
from orchestrator.execution.steps import StepReport
from search_spaces import Piece, Trial
from search_spaces.defenses import Defense
from search_spaces.pieces import with_needs
from tests.orchestrator.small_sweeps import small_sweep

SMALL = {"students": ["small"]}
SWEEP = small_sweep(
    attacks=[
        {"kind": "gmi"},
        {"kind": "kedmi"},
        {"kind": "lomma_gmi", "lomma": SMALL},
        {"kind": "lomma_kedmi", "lomma": SMALL},
    ]
)


class World:
    """The store as builders see it: what is built, and what is being built now."""

    def __init__(self) -> None:
        self.built: set[str] = set()
        self.building: set[str] = set()
        self.builds: list[str] = []
        self.guard = threading.Lock()


class AnyOrder:
    """A cluster on which the step that ends next is drawn at random."""

    def __init__(self, world: World, draws: Random, fails: str = "") -> None:
        self.world, self.draws, self.fails = world, draws, fails
        self.asked: list[str] = []
        self.pieces: dict[int, Piece] = {}

    def submit(self, piece: Piece, request: ResourceRequest) -> int:
        """Start a step; what the piece needs must be there, and nobody else may be building it."""
        piece_id = piece.piece_id
        with self.world.guard:
            assert {needed.piece_id for needed in piece.needs} <= self.world.built
            assert piece_id not in self.world.building
            self.world.building.add(piece_id)
        self.asked.append(piece_id)
        self.pieces[len(self.asked)] = piece
        return len(self.asked)

    def wait(self, handles: Sequence[int], timeout: float | None) -> list[int]:
        """End some of the steps, one at least unless another trial is waited for."""
        time.sleep(0.0005)
        least = 0 if timeout is not None else 1
        return self.draws.sample(list(handles), self.draws.randint(min(least, len(handles)), len(handles)))

    def report(self, handle: int) -> StepReport:
        """Return that the piece was built now, or that it was there."""
        piece = self.pieces[handle]
        values: dict[str, float | int | str | None] = {"acc": 0.9, "att_acc": 0.5}
        with self.world.guard:
            self.world.building.remove(piece.piece_id)
            if piece.kind == self.fails:
                return StepReport("failed", "it diverged")
            if piece.piece_id in self.world.built:
                return StepReport("found", values=values)
            self.world.built.add(piece.piece_id)
            self.world.builds.append(piece.piece_id)
        return StepReport("done", values=values)


def run(cluster: AnyOrder, uri: str, trial: Trial) -> TrialOutcome:
    """Return how the trial ended."""
    *_, [end] = Chain(cluster, uri, GpuShares()).run(0, trial)
    assert isinstance(end, TrialEnded)
    return end.outcome


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_each_piece_is_built_once_in_any_order(seed: int) -> None:
    world, trial = World(), SWEEP.trial(Defense(), 0)
    cluster = AnyOrder(world, Random(seed))
    with TemporaryDirectory() as folder:
        assert run(cluster, folder, trial).state == "done"
    assert sorted(world.builds) == sorted(cluster.asked) == sorted(trial.pieces())


@pytest.mark.parametrize("seed", range(5))
def test_trials_side_by_side_build_what_they_share_once(seed: int, tmp_path: Path) -> None:
    """Two of the four are of the same T."""
    world = World()
    trials = [SWEEP.trial(Defense(), number) for number in (0, 1, 0, 2)]
    clusters = [AnyOrder(world, Random(seed + 10 * number)) for number in range(len(trials))]
    with ThreadPoolExecutor(len(trials)) as pool:
        ends = list(pool.map(run, clusters, [str(tmp_path)] * len(trials), trials))
    assert [end.state for end in ends] == ["done"] * len(trials)
    assert sorted(world.builds) == sorted({piece_id for trial in trials for piece_id in trial.pieces()})
    for cluster, trial in zip(clusters, trials, strict=True):
        assert sorted(cluster.asked) == sorted(trial.pieces())


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(["target", "prior", "evaluator", "inversion_gan", "student", "attack"]),
)
def test_what_needs_a_failed_piece_is_left_out_and_all_else_is_built(seed: int, kind: str) -> None:
    world, trial = World(), SWEEP.trial(Defense(), 0)
    cluster = AnyOrder(world, Random(seed), fails=kind)
    with TemporaryDirectory() as folder:
        outcome = run(cluster, folder, trial)
    assert outcome.state == "failed"
    pieces = trial.pieces()
    needs_it = {
        piece_id
        for piece_id, piece in pieces.items()
        if any(needed.kind == kind for needed in [*with_needs([piece]).values()][:-1])
    }
    assert set(cluster.asked) == set(pieces) - needs_it
    assert set(world.builds) == {piece_id for piece_id in cluster.asked if pieces[piece_id].kind != kind}


def test_two_attacks_share_the_gan_and_the_students_of_a_target() -> None:
    kinds = [piece.kind for piece in SWEEP.trial(Defense(), 0).pieces().values()]
    assert [kinds.count(kind) for kind in ("inversion_gan", "student", "feature_mean")] == [1, 1, 1]
