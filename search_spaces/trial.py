"""One trial: the graph of pieces that ends in the attacks on one T and the analyses of it."""

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.attacks import AnyAttack
from search_spaces.canonical import canonical_json, identity
from search_spaces.evaluation import AnyEvaluator
from search_spaces.files import pinned_in
from search_spaces.image_quality import ImageQuality
from search_spaces.pieces import (
    PIECES,
    AnyPiece,
    EvaluatorConfig,
    Piece,
    PriorConfig,
    TargetConfig,
    TargetPiece,
    Work,
    with_needs,
)
from search_spaces.priors import AnyPrior
from search_spaces.settings import Settings


@PIECES.register
class AttackConfig(Piece):
    """All that decides the reconstructions of one attack on one T, and their judgement."""

    home: ClassVar[str | None] = "trainables.attack"
    table: ClassVar[str] = "attacks"
    work: ClassVar[Work] = "attack"

    kind: Literal["attack"] = "attack"
    target: TargetConfig
    attack: AnyAttack
    prior: AnyPrior
    evaluators: tuple[AnyEvaluator, ...]
    attacked_classes: Annotated[int, Field(ge=1)] | None = None
    image_quality: ImageQuality = ImageQuality()
    kept_pictures: Annotated[int, Field(ge=1)] = 2000
    """Reconstructions kept as pictures; see ``Setup``."""

    @property
    def needs(self) -> tuple[Piece, ...]:
        """T, the prior, the evaluators, and what the attack makes of T beforehand."""
        return (self.target, self.prior_config, *self.evaluator_configs, *self.target_pieces)

    @property
    def name(self) -> str:
        """What screens call the attack: its kind."""
        return self.attack.kind

    @property
    def similar(self) -> Mapping[str, str | int]:
        """Its settings, whatever the T."""
        return {"attack_settings": canonical_json(self.attack)}

    @property
    def names_files(self) -> bool:
        """Whether attack or judging read files of weights that the user names."""
        return any(pinned_in(part) for part in (self.attack, self.image_quality))

    @property
    def prior_config(self) -> PriorConfig:
        """The prior this attack uses."""
        return PriorConfig(data=self.target.data, prior=self.prior, threads=self.target.threads)

    @property
    def target_pieces(self) -> tuple[TargetPiece, ...]:
        """What the attack makes of T beforehand."""
        return self.attack.target_pieces(self.target, self.prior_config)

    @property
    def evaluator_configs(self) -> tuple[EvaluatorConfig, ...]:
        """The evaluators that judge this attack, the headline one first."""
        return tuple(
            EvaluatorConfig(data=self.target.data, evaluator=evaluator, threads=self.target.threads)
            for evaluator in self.evaluators
        )


def read_piece(text: str) -> Piece:
    """Return the piece whose canonical JSON ``text`` is. Raises ``pydantic.ValidationError``."""
    return PIECES.validate(json.loads(text))


class Trial(Settings):
    """One T, the attacks on it, and what else is measured of it."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"analyses"})

    target: TargetConfig
    attacks: tuple[AttackConfig, ...]
    analyses: tuple[AnyPiece, ...] = ()
    """Pieces that are built for their own sake: whatever is measured of T beside the attacks."""

    @property
    def trial_id(self) -> str:
        """Identity of the trial: the hash of its target, attacks and analyses."""
        return identity(self)

    def pieces(self) -> Mapping[str, Piece]:
        """Return all pieces of the trial by identity, each once, needed ones before those that need them."""
        return with_needs((self.target, *self.attacks, *self.analyses))

    def shared_pieces(self) -> Mapping[str, Piece]:
        """Return the pieces that do not depend on T, so that trials of other defences use them too."""
        return {piece_id: piece for piece_id, piece in self.pieces().items() if piece.source_target is None}
