"""KEDMI: an inversion-specific GAN, then a latent Gaussian per class (Chen et al., ICCV 2021)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.attacks.attack import ATTACKS, AttackSettings, Count, Positive
from search_spaces.pieces import PIECES, Piece, PriorConfig, TargetConfig, TargetPiece
from search_spaces.priors import PriorSettings, can_be_generated
from search_spaces.settings import Settings


class InversionGenerator(Settings):
    """KEDMI's GAN of one T: K + 1 classes, trained on D_pub with T's soft labels; defaults as published."""

    start: Literal["scratch", "prior"] = "scratch"
    """``prior``: the generator of the shared prior, fine-tuned (``width`` and ``z_dim`` are then its own); no
    part of KEDMI: a start that pays where steps are few."""
    width: Annotated[int, Field(ge=4, le=512)] = 64
    critic_width: Annotated[int, Field(ge=4, le=512)] = 64
    z_dim: Annotated[int, Field(ge=2, le=4096)] = 100
    generator_steps: Annotated[int, Field(ge=0)] = 11232
    critic_steps_per_generator_step: Count = 5
    critic_warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Discriminator steps before the first generator step."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Positive = 2e-4
    entropy_weight: Annotated[float, Field(ge=0)] = 1e-4
    """Weight of the entropy of the fakes' classes: a sum over the batch, as published, not a mean."""
    teacher_mode: Literal["eval", "train"] = "eval"
    """``train``: a copy of T labels in training mode, each batch, as published; ``eval``: once, cached."""
    seed: int = 0


@PIECES.register
class InversionGANConfig(TargetPiece):
    """All that decides the inversion-specific GAN of one T (KEDMI's)."""

    home: ClassVar[str | None] = "trainables.attacks.kedmi"
    folder: ClassVar[str | None] = "inversion_gans"

    kind: Literal["inversion_gan"] = "inversion_gan"
    settings: InversionGenerator
    prior: PriorConfig | None = None
    """The prior that it starts from; ``None`` for one from scratch."""

    @property
    def name(self) -> str:
        """What screens call the GAN."""
        return "inversion GAN"

    @property
    def needs(self) -> tuple[Piece, ...]:
        """T, and the prior that it starts from."""
        return (self.target,) if self.prior is None else (self.target, self.prior)


class DistributionDescent(AttackSettings):
    """Adam steps on mean and log variance of a latent Gaussian per class; defaults: supplement Table 11."""

    spaces: ClassVar[tuple[str, ...] | None] = ("z",)

    iterations: Count = 3000
    restarts: Count = 5
    """Samples of the one optimised Gaussian of a class."""
    learning_rate: Positive = 0.02
    clip: Positive = 1.0
    clip_in: Literal["forward", "nowhere"] = "forward"
    """``forward``: every sampled latent is clamped to ``clip``, those that are judged too; published codes
    differ."""
    initial_log_variance: float = 0.0
    identity_weight: Annotated[float, Field(ge=0)] = 100.0
    prior_weight: Annotated[float, Field(ge=0)] = 1.0
    norm_batch: Positive = 60.0
    generator: InversionGenerator = InversionGenerator()

    def prior_error(self, prior: PriorSettings, data_side: int) -> str | None:
        """Return why the GAN cannot be made, or cannot start from ``prior``, or ``None``.

        One from scratch needs no prior.

        >>> from search_spaces.priors import WGANGP
        >>> KEDMI().prior_error(WGANGP(resolution=64), 64) is None
        True
        >>> KEDMI().prior_error(WGANGP(resolution=64), 224)
        'attack kedmi trains a GAN that cannot make pictures of 224x224'
        """
        own = can_be_generated(data_side)
        if self.generator.start == "scratch":
            size = f"{data_side}x{data_side}"
            return None if own else f"attack {self.kind} trains a GAN that cannot make pictures of {size}"
        if not prior.is_shown_as_is(data_side):
            remedy = "set generator.start: scratch" if own else "leave the attack out"
            return (
                f"attack {self.kind}: generator.start prior needs pictures of T's size, but those of prior "
                f"{prior.kind} are cropped or resized for T; {remedy}"
            )
        return super().prior_error(prior, data_side)

    def images_per_class(self) -> int:
        """Return one picture an iteration; the ``restarts`` samples are drawn in the end."""
        return self.iterations

    def target_pieces(self, target: TargetConfig, prior: PriorConfig) -> tuple[TargetPiece, ...]:
        """Return the GAN of ``target``."""
        start = prior if self.generator.start == "prior" else None
        return (InversionGANConfig(target=target, settings=self.generator, prior=start),)


@ATTACKS.register
class KEDMI(DistributionDescent):
    """KEDMI (white box): an inversion-specific generator of this T, then a latent Gaussian per class."""

    home: ClassVar[str | None] = "trainables.attacks.kedmi"
    kind: Literal["kedmi"] = "kedmi"
