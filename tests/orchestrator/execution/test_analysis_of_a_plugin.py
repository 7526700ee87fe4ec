"""A kind of piece that no module of ours names: a plugin's analysis of T, built once, with its own row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.checks.checks import check_plugins
from orchestrator.execution.chain import Chain
from orchestrator.execution.events import StepChanged
from orchestrator.execution.executors import InlineSubmit
from orchestrator.execution.resources import GpuShares
from results import Store, open_store
from search_spaces import Piece
from search_spaces.defenses import Defense
from search_spaces.pieces import PIECES
from search_spaces.plugins import Plugin, load_plugin, unload_plugin
from search_spaces.trial import Trial, read_piece
from tests.orchestrator.fake_steps import FAKE
from tests.orchestrator.small_sweeps import small_sweep
from trainables.build import StepOutcome, build_piece, piece_row

PLUGIN = '''
import json
from typing import ClassVar, Literal
from tldmi_sweep.plugins import Piece, StepOutcome, TargetConfig, builds, register

@register
class SeedParity(Piece):
    """Whether the seed of T is even."""

    table: ClassVar[str] = "analyses"
    kind: Literal["seed_parity"] = "seed_parity"
    target: TargetConfig

    @property
    def needs(self):
        return (self.target,)

@builds(SeedParity)
def build(piece, store):
    if store.has_rows(piece.table, piece.piece_id):
        return StepOutcome("found")
    measured = json.dumps({"even": piece.target.seed % 2 == 0})
    row = {"piece_id": piece.piece_id, "kind": piece.kind, "name": piece.name, "status": "done"}
    row |= {"target_id": piece.target.piece_id, "measured": measured}
    store.write_rows(piece.table, piece.piece_id, [row])
    return StepOutcome("done")
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Plugin]:
    path = tmp_path / "seed_parity.py"
    path.write_text(PLUGIN)
    plugin = load_plugin(path)
    yield plugin
    unload_plugin(plugin)


def build(piece: Piece, store: Store) -> StepOutcome:
    """Build the analysis in earnest, all else as other tests of the chain do."""
    return build_piece(piece, store) if piece.table == "analyses" else FAKE(piece, store)


def states(uri: str, trial: Trial, name: str) -> list[str]:
    """Run ``trial`` and return what became of the step ``name``."""
    chain = Chain(InlineSubmit(build, uri), uri, GpuShares())
    *changes, end = [event for events in chain.run(0, trial) for event in events]
    assert end.outcome.state == "done"
    return [each.state for each in changes if isinstance(each, StepChanged) and each.name == name]


def test_it_is_scheduled_after_the_target_built_once_and_found_from_then_on(
    plugin: Plugin, tmp_path: Path
) -> None:
    check_plugins()
    store = open_store(str(tmp_path / "store"), create=True)
    plain = small_sweep().trial(Defense(), 0)
    analysis = PIECES.validate({"kind": "seed_parity", "target": plain.target.model_dump(mode="json")})
    trial = plain.model_copy(update={"analyses": (analysis, analysis)})
    order = list(trial.pieces())
    assert order.index(trial.target.piece_id) < order.index(analysis.piece_id)
    assert trial.trial_id != plain.trial_id
    assert states(store.uri, trial, "seed parity") == ["started", "done"]
    row = piece_row(analysis, store)
    assert row is not None
    assert json.loads(row["measured"]) == {"even": True}
    assert store.exists(analysis.log_path)
    assert states(store.uri, trial, "seed parity") == ["started", "found"]
    assert store.read_rows("analyses").num_rows == 1


def test_its_text_is_read_back_and_holds_the_hash_of_the_file(plugin: Plugin) -> None:
    target = small_sweep().trial(Defense(), 0).target
    analysis = PIECES.validate({"kind": "seed_parity", "target": target.model_dump(mode="json")})
    assert read_piece(analysis.model_dump_json()) == analysis
    assert analysis.model_dump()["plugin"] == plugin.source.hash
    assert analysis.source_target == target
