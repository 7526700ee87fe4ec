"""Pieces: what is built once for each content hash, shared by whoever needs it, and kept in the store.

A trial is a graph of pieces. A piece is a configuration that says which other pieces it needs, which table
its row goes to, what it asks of a machine, and by its ``home`` which module of ``trainables`` builds it.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import model_validator

from search_spaces.canonical import canonical_json, identity, identity_values
from search_spaces.datasets import AnyDataset
from search_spaces.defenses import Defense
from search_spaces.evaluation import AnyEvaluator
from search_spaces.pretraining import Pretraining
from search_spaces.priors import AnyPrior
from search_spaces.registry import KindSettings, OneOf, Registry
from search_spaces.settings import Settings
from search_spaces.targets import TargetSettings

Work = Literal["training", "attack"]
"""What a piece asks of a GPU: the share of a training, or that of an attack."""

ControlKind = Literal["none", "permuted_labels", "untrained"]


class Piece(KindSettings):
    """All that decides one piece; its ``kind`` is part of the identity, so that no two kinds share one."""

    table: ClassVar[str] = "pieces"
    """The table that its row goes to; the unit of the row is ``piece_id``."""
    work: ClassVar[Work] = "training"
    folder: ClassVar[str | None] = None
    """Folder below ``artifacts`` of the file that it is kept in; ``None``: it is kept in its rows alone."""

    @property
    def piece_id(self) -> str:
        """Identity of the piece: the hash of this configuration."""
        return identity(self)

    @property
    def needs(self) -> tuple["Piece", ...]:
        """The pieces that must be built before this one."""
        return ()

    @property
    def name(self) -> str:
        """What screens call the piece."""
        return self.kind.replace("_", " ")

    @property
    def source_target(self) -> "TargetConfig | None":
        """The T that it is, or is made of; ``None`` for a piece that the trials of a sweep share."""
        return next((each.source_target for each in self.needs if each.source_target is not None), None)

    @property
    def similar(self) -> Mapping[str, str | int]:
        """Values of columns of its table that rows of pieces share which cost about as much."""
        return {"kind": self.kind}

    @property
    def cpu_threads(self) -> int:
        """CPU threads of the work: those of what it needs, unless the piece has its own."""
        return max((piece.cpu_threads for piece in self.needs), default=1)

    @property
    def log_path(self) -> str:
        """Where in a store the log of building it is."""
        return f"logs/steps/{self.kind}-{self.piece_id}.log"

    @property
    def artifact_path(self) -> str:
        """Where in a store its file is. Raises ``LookupError`` for a piece that is kept in rows alone.

        The name of what is made of a T begins with T's identity, by which ``gc`` knows it.
        """
        if self.folder is None:
            raise LookupError(f"a piece of kind {self.kind} has no file")
        target = self.source_target
        owner = "" if target is None or target is self else f"{target.piece_id}-"
        return f"artifacts/{self.folder}/{owner}{self.piece_id}.safetensors"


PIECES: Registry[Piece] = Registry("piece", Piece)
"""Every kind of piece."""

AnyPiece = Annotated[Piece, OneOf(PIECES)]


def with_needs(pieces: Iterable[Piece]) -> Mapping[str, Piece]:
    """Return ``pieces`` and all that they need, each once by its identity, needed ones first.

    Raises ``ValueError`` when a piece needs itself.
    """
    ordered: dict[str, Piece] = {}
    open_ids: set[str] = set()

    def add(piece: Piece) -> None:
        """Add ``piece`` after what it needs."""
        piece_id = piece.piece_id
        if piece_id in ordered:
            return
        if piece_id in open_ids:
            raise ValueError(f"the piece {piece.name} ({piece_id}) needs itself")
        open_ids.add(piece_id)
        for needed in piece.needs:
            add(needed)
        ordered[piece_id] = piece

    for piece in pieces:
        add(piece)
    return ordered


@PIECES.register
class PretrainingConfig(Piece):
    """All that decides the weights which T's body has before it sees D_priv."""

    home: ClassVar[str | None] = "trainables.pretraining"
    folder: ClassVar[str | None] = "pretrained"

    kind: Literal["pretraining"] = "pretraining"
    data: AnyDataset
    side: Literal["private", "public"]
    """Whose classes of ``data`` are learnt."""
    target: TargetSettings
    """Network and recipe; it starts from random weights."""
    seed: int
    threads: int = 1

    @classmethod
    def of(cls, pretraining: Pretraining, target: TargetSettings, data: AnyDataset, threads: int) -> Self:
        """Return the pre-training of a T with these settings, whose own data are ``data``."""
        own: dict[str, Any] = {"pretrained": None, "utility_floor": None, "selection": "last"}
        if pretraining.recipe is None:
            settings = TargetSettings.model_validate({**target.model_dump(), **own, **pretraining.given})
        else:
            named = {"architecture": target.architecture, "recipe": pretraining.recipe}
            settings = TargetSettings.model_validate({**named, **own, **pretraining.given})
        return cls(
            data=pretraining.data or data,
            side="public" if pretraining.data is None else "private",
            target=settings,
            seed=pretraining.seed,
            threads=threads,
        )

    @property
    def name(self) -> str:
        """What screens call it."""
        return f"pre-training of {self.target.architecture}"

    @property
    def cpu_threads(self) -> int:
        """CPU threads of the training."""
        return self.threads


@PIECES.register
class TargetConfig(Piece):
    """All that decides the weights of one T."""

    home: ClassVar[str | None] = "trainables.target"
    table: ClassVar[str] = "targets"
    folder: ClassVar[str | None] = "targets"
    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"pretraining"})

    kind: Literal["target"] = "target"
    data: AnyDataset
    target: TargetSettings
    defense: Defense
    seed: int
    control: ControlKind = "none"
    threads: int = 1
    """CPU threads of the training: part of the identity, since it changes the order of sums."""
    pretraining: PretrainingConfig | None = None
    """The piece that T's body comes from, where ``target.pretrained`` is a pre-training of the sweep."""

    @model_validator(mode="after")
    def _with_its_pretraining(self) -> Self:
        if isinstance(self.target.pretrained, Pretraining) != (self.pretraining is not None):
            raise ValueError("pretraining is given exactly when target.pretrained is a pre-training")
        return self

    @property
    def needs(self) -> tuple[Piece, ...]:
        """The pre-training that it starts from, if there is one."""
        return () if self.pretraining is None else (self.pretraining,)

    @property
    def source_target(self) -> "TargetConfig":
        """Itself."""
        return self

    @property
    def similar(self) -> Mapping[str, str | int]:
        """Data, architecture and length of the training, where that does not depend on the pictures."""
        target = self.target
        length = {} if target.least_steps else {"epochs": target.epochs}
        return {"data": self.data.kind, "architecture": target.architecture, **length}

    @property
    def freezes_random_layers(self) -> bool:
        """Whether its defence keeps random weights as they are, which TL-DMI of the paper does not."""
        return self.target.freezing_keeps_random and any(part.freezes for part in self.defense.parts)

    @property
    def config_id(self) -> str:
        """Identity of the configuration without its seed: equal for repetitions with other seeds."""
        return identity(identity_values(self, exclude={"seed"}))

    @property
    def cpu_threads(self) -> int:
        """CPU threads of the training."""
        return self.threads


class TargetPiece(Piece):
    """What is made of one T: kept as long as T's weights, and valid for those weights alone."""

    target: TargetConfig
    settings: Settings
    """What decides it beside T; an attack asks for the piece by them."""

    @property
    def similar(self) -> Mapping[str, str | int]:
        """Kind and settings, whatever the T."""
        return {"kind": self.kind, "settings": canonical_json(self.settings)}

    @property
    def needs(self) -> tuple[Piece, ...]:
        """T."""
        return (self.target,)


@PIECES.register
class PriorConfig(Piece):
    """All that decides the weights of a target-independent prior: a generator and its critic."""

    home: ClassVar[str | None] = "trainables.prior"
    folder: ClassVar[str | None] = "priors"

    kind: Literal["prior"] = "prior"
    data: AnyDataset
    prior: AnyPrior
    threads: int = 1

    @property
    def name(self) -> str:
        """What screens call the prior."""
        return f"prior {self.prior.kind}"

    @property
    def cpu_threads(self) -> int:
        """CPU threads of the training."""
        return self.threads


@PIECES.register
class EvaluatorConfig(Piece):
    """All that decides an evaluator and its feature statistics of D_priv."""

    home: ClassVar[str | None] = "trainables.evaluator"
    folder: ClassVar[str | None] = "evaluators"

    kind: Literal["evaluator"] = "evaluator"
    data: AnyDataset
    evaluator: AnyEvaluator
    threads: int = 1

    @property
    def name(self) -> str:
        """What screens call the evaluator."""
        return f"evaluator {self.evaluator.kind}"

    @property
    def cpu_threads(self) -> int:
        """CPU threads of the training."""
        return self.threads
