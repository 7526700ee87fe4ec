"""The attacks and their budgets. Budgets are fixed by the space: only the defender is searched."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from search_spaces.settings import Settings

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Engine(Settings):
    """How an attack computes its networks; left out of rows and identities where it is the default."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset(
        {"mixed_precision", "compile", "direct_convolution", "micro_batch"}
    )
    mixed_precision: bool = False
    """Generator, T and critic in bfloat16; losses, latents and the pictures that are kept in float32."""
    compile: bool = False
    """Compile the networks with ``torch.compile``: a minute at the start, needs a C++ compiler."""
    direct_convolution: bool = False
    """Compute wide 3x3 convolutions on a CPU directly too, not by Winograd's algorithm (2.25 times fewer
    multiplications; rounds otherwise, with an error of that size)."""
    micro_batch: Count | None = None
    """Rows side by side (KEDMI: classes; BREPMI: latents), for speed and memory alone; nothing: what the
    device is fast with, on a CPU 64 (BREPMI 256), on a GPU 512 (BREPMI 2048)."""


class LatentDescent(Engine):
    """Nesterov steps on identity loss + WGAN prior in the latent space; defaults: supplement Table 11."""

    omitted_defaults: ClassVar[frozenset[str]] = Engine.omitted_defaults | {"keep"}

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
    retire_after: Count | None = None
    """A row ends when T has given its class at least ``retire_confidence`` in this many iterations running
    (no part of GMI); nothing: every row takes all ``iterations``."""
    retire_confidence: Annotated[float, Field(gt=0, le=1)] = 0.99
    keep: Literal["last", "surest"] = "last"
    """What a row returns: its last latent, as published, or the one of which T was surest (see `Surest`)."""
    seed: int = 0


class GMI(LatentDescent):
    """GMI (white box): descent of 100 x identity loss + WGAN prior from random latents."""

    kind: Literal["gmi"] = "gmi"


class BREPMI(Engine):
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
    seed: int = 0

    @model_validator(mode="after")
    def _can_step_and_grow(self) -> Self:
        if self.inside_to_grow > self.sphere_points:
            raise ValueError(
                f"inside_to_grow {self.inside_to_grow} of sphere_points {self.sphere_points}: the radius "
                "would never grow; give both, the published rule is 29 of 32"
            )
        if self.query_budget is not None and self.query_budget <= self.sphere_points:
            raise ValueError(
                f"query_budget {self.query_budget}: one step costs {self.sphere_points + 1} queries "
                "(sphere_points + 1); give at least as many, or leave it out"
            )
        return self


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


class DistributionDescent(Engine):
    """Adam steps on mean and log variance of a latent Gaussian per class; defaults: supplement Table 11."""

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
    seed: int = 0


class KEDMI(DistributionDescent):
    """KEDMI (white box): an inversion-specific generator of this T, then a latent Gaussian per class."""

    kind: Literal["kedmi"] = "kedmi"


class LOMMA(Settings):
    """What LOMMA changes (Nguyen et al. 2023): the logit loss with p_reg, and model augmentation."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"student_weights_sha256"})

    regularisation_weight: Annotated[float, Field(ge=0)] = 1.0
    """lambda of the mean over dimensions of (feature(x) - p_reg)^2; T alone carries it."""
    regularisation_images: Annotated[int, Field(ge=2)] = 5000
    """Public pictures (at most) whose mean feature is p_reg."""
    students: tuple[Literal["small", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2"], ...] = (
        "efficientnet_b0",
        "efficientnet_b1",
        "efficientnet_b2",
    )
    """Networks distilled from T on D_pub and attacked together with it; none: the logit loss alone."""
    student_weights: str | None = None
    """Folder with the ImageNet weights the students start from, ``<network>.safetensors`` with torchvision's
    names; nothing: from scratch."""
    student_weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What the files that are used must hash to (see ``student_weights``); filled in when a sweep starts."""
    student_epochs: Count = 20
    student_batch_size: Annotated[int, Field(ge=2)] = 64
    student_learning_rate: Positive = 0.01
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


class VMI(Engine):
    """VMI (white box): a normalising flow over the prior's latents, per class (Wang et al. 2021).

    Iterations, restarts and weight are the published ones. The optimiser is not: the published SGD of 1e-4
    belongs to the published flow, and leaves this one where it starts.
    """

    kind: Literal["vmi"] = "vmi"
    iterations: Count = 320
    restarts: Count = 100
    """Samples of the class's posterior that are judged."""
    samples_per_step: Count = 32
    optimizer: Literal["sgd", "adam"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of ``sgd``."""
    kl_weight: Annotated[float, Field(ge=0)] = 1e-3
    prior_std: Positive = 1.0
    """Standard deviation of the latents under the prior, which posteriors start from and are held to; below 1
    for a generator whose pictures vary too much under N(0, I)."""
    flows: Count = 10
    """Coupling layers of the flow."""
    flow_width: Count = 100
    seed: int = 0


AttackSettings = Annotated[GMI | BREPMI | KEDMI | LOMMAGMI | LOMMAKEDMI | VMI, Field(discriminator="kind")]

Access = Literal["white_box", "label_only"]
"""What T gives an attacker: its gradients and all else, or the labels of pictures alone."""

LABEL_ONLY_KINDS = frozenset({"brepmi"})
"""Attacks that need nothing but labels."""


def beyond_access(attacks: Iterable[AttackSettings], access: Access) -> list[str]:
    """Return the kinds of ``attacks`` that need more of T than ``access`` gives.

    >>> beyond_access([GMI(), BREPMI(), VMI()], "label_only")
    ['gmi', 'vmi']
    >>> beyond_access([GMI(), BREPMI(), VMI()], "white_box")
    []
    """
    if access == "white_box":
        return []
    return [attack.kind for attack in attacks if attack.kind not in LABEL_ONLY_KINDS]
