"""The attacks and their budgets. Budgets are fixed by the space: only the defender is searched."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class LatentDescent(Settings):
    """Nesterov steps on identity loss + WGAN prior in the latent space; defaults: supplement Table 11."""

    iterations: Count = 3000
    restarts: Count = 5
    learning_rate: Positive = 0.02
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    clip: Positive = 1.0
    """Bound of the latent after each step."""
    identity_weight: Annotated[float, Field(ge=0)] = 100.0
    prior_weight: Annotated[float, Field(ge=0)] = 1.0
    norm_batch: Positive = 60.0
    """The loss is the sum over rows divided by this: the published code takes means over 60 rows."""
    micro_batch: Count = 64
    seed: int = 0


class GMI(LatentDescent):
    """GMI (white box): descent of 100 x identity loss + WGAN prior from random latents."""

    kind: Literal["gmi"] = "gmi"


class BREPMI(Settings):
    """BREPMI (label only): boundary repulsion on growing spheres; defaults: the published configuration."""

    kind: Literal["brepmi"] = "brepmi"
    iterations: Count = 1000
    """Accepted steps at one radius before a row stops."""
    max_steps: Count = 20000
    """Attempted steps of a row, accepted or not: the cap that the published loop lacks."""
    restarts: Count = 1
    sphere_points: Count = 32
    initial_radius: Positive = 2.0
    radius_growth: Annotated[float, Field(gt=1)] = 1.3
    inside_to_grow: Count = 29
    """Sphere points (of ``sphere_points``) that must keep the label before the radius grows."""
    clip: Positive = 1.5
    initial_batch: Count = 256
    initial_draws: Count = 20000
    """Random latents tried to find a start for every class; classes never hit are reported."""
    query_budget: Count | None = None
    """Queries of T one row may spend after its start is found; nothing: only ``max_steps`` binds."""
    micro_batch: Count = 256
    seed: int = 0


class InversionGenerator(Settings):
    """KEDMI's (K+1)-way GAN, trained on D_pub with T's soft labels."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    critic_width: Annotated[int, Field(ge=4, le=512)] = 64
    start: Literal["scratch", "prior"] = "scratch"
    """``prior``: the generator of the shared prior, fine-tuned; a start that pays where steps are few."""
    z_dim: Annotated[int, Field(ge=2, le=4096)] = 100
    generator_steps: Annotated[int, Field(ge=0)] = 11232
    critic_steps_per_generator_step: Count = 5
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Positive = 4e-3
    entropy_weight: Annotated[float, Field(ge=0)] = 1e-4
    teacher_mode: Literal["eval", "train"] = "eval"
    """``train``: T labels in training mode, batch by batch, as published; ``eval``: once, cached."""
    seed: int = 0


class DistributionDescent(Settings):
    """Adam steps on mean and log variance of a latent Gaussian per class; defaults: supplement Table 11."""

    iterations: Count = 3000
    restarts: Count = 5
    """Samples of the one optimised Gaussian of a class."""
    learning_rate: Positive = 0.02
    clip: Positive = 1.0
    clip_in: Literal["forward", "nowhere"] = "forward"
    """Where sampled latents are clamped to ``clip`` (the two published codes differ)."""
    initial_log_variance: float = 0.0
    identity_weight: Annotated[float, Field(ge=0)] = 100.0
    prior_weight: Annotated[float, Field(ge=0)] = 1.0
    norm_batch: Positive = 60.0
    generator: InversionGenerator = InversionGenerator()
    micro_batch: Count = 64
    seed: int = 0


class KEDMI(DistributionDescent):
    """KEDMI (white box): an inversion-specific generator of this T, then a latent Gaussian per class."""

    kind: Literal["kedmi"] = "kedmi"


class LOMMA(Settings):
    """What LOMMA changes (Nguyen et al. 2023): the logit loss with p_reg, and model augmentation."""

    regularisation_weight: Annotated[float, Field(ge=0)] = 1.0
    """lambda of || feature(x) - p_reg ||^2 (mean over dimensions); only T carries it."""
    students: tuple[Literal["small", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2"], ...] = (
        "efficientnet_b0",
        "efficientnet_b1",
        "efficientnet_b2",
    )
    """Networks distilled from T on D_pub and attacked together with it."""
    student_epochs: Count = 20
    student_batch_size: Annotated[int, Field(ge=2)] = 64
    student_learning_rate: Positive = 0.01
    regularisation_images: Count = 5000
    """Public pictures whose features give p_reg (mean and standard deviation)."""
    seed: int = 0


class LOMMAGMI(LatentDescent):
    """LOMMA over GMI."""

    kind: Literal["lomma_gmi"] = "lomma_gmi"
    iterations: Count = 2400
    lomma: LOMMA = LOMMA()


class LOMMAKEDMI(DistributionDescent):
    """LOMMA over KEDMI."""

    kind: Literal["lomma_kedmi"] = "lomma_kedmi"
    iterations: Count = 2400
    initial_log_variance: float = 1.0
    lomma: LOMMA = LOMMA()


class VMI(Settings):
    """VMI (white box): a normalising flow over the prior's latents, per class (Wang et al. 2021)."""

    kind: Literal["vmi"] = "vmi"
    iterations: Count = 320
    restarts: Count = 100
    """Samples of the class's posterior that are judged."""
    samples_per_step: Count = 32
    learning_rate: Positive = 1e-4
    kl_weight: Annotated[float, Field(ge=0)] = 1e-3
    flows: Count = 10
    """Coupling layers of the flow."""
    flow_width: Count = 100
    micro_batch: Count = 64
    seed: int = 0


AttackSettings = Annotated[GMI | BREPMI | KEDMI | LOMMAGMI | LOMMAKEDMI | VMI, Field(discriminator="kind")]
