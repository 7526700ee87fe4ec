"""The settings of an attack, and the registry of all attacks. Budgets are fixed; the defender is searched."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from search_spaces.pieces import PriorConfig, TargetConfig, TargetPiece
from search_spaces.priors import PriorSettings
from search_spaces.registry import KindSettings, OneOf, Registry

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

Access = Literal["white_box", "soft_labels", "labels"]
"""What T gives an attacker: its gradients and all else, its class probabilities, or its labels alone."""

ACCESS_ORDER: tuple[Access, ...] = ("labels", "soft_labels", "white_box")
"""From the least to the most access."""


class AttackSettings(KindSettings):
    """Settings of one attack: its budget, what it needs of T, and how its networks are computed.

    Every field has a default, the published value. What decides speed and memory alone is left out of rows
    and identities where it has its default.
    """

    omitted_defaults: ClassVar[frozenset[str]] = frozenset(
        {"prior", "latent_space", "mixed_precision", "compile", "direct_convolution", "micro_batch"}
    )
    label: ClassVar[str | None] = None
    """Published name, for tables and figures; ``None``: the kind in capitals."""
    access: ClassVar[Access] = "white_box"
    """What of T the attack needs."""
    spaces: ClassVar[tuple[str, ...] | None] = None
    """The spaces of latents that it can search; ``None``: any."""

    prior: str = "wgan_gp"
    """Name of its prior among the ``priors`` of the setup."""
    latent_space: str | None = None
    """Space of the prior's latents that is searched; ``None``: the prior's first one that the attack can."""

    iterations: Count
    restarts: Count
    """Reconstructions of each class."""
    seed: int = 0
    mixed_precision: bool = False
    """Generator, T and critic in bfloat16; losses, latents and the pictures that are kept in float32."""
    compile: bool = False
    """Compile the networks with ``torch.compile``: a minute at the start, needs a C++ compiler."""
    direct_convolution: bool = False
    """Compute wide 3x3 convolutions on a CPU directly too, not by Winograd's algorithm (2.25 times fewer
    multiplications; rounds otherwise, with an error of that size)."""
    micro_batch: Count | None = None
    """Rows computed side by side (KEDMI: classes; BREPMI: latents); it decides speed and memory alone.
    ``None``: ``default_micro_batch`` of the device."""

    @property
    def name(self) -> str:
        """Published name.

        >>> from search_spaces.attacks import BREPMI, GMI
        >>> GMI().name, BREPMI().name
        ('GMI', 'BREP-MI')
        """
        return self.label or self.kind.upper()

    def target_pieces(self, target: TargetConfig, prior: PriorConfig) -> tuple[TargetPiece, ...]:
        """Return what must be made of ``target`` before this attack, which uses ``prior``, can run on it."""
        return ()

    @property
    def needs_critic(self) -> bool:
        """Whether the prior must have a critic."""
        return False

    def space_among(self, spaces: Iterable[str]) -> str | None:
        """Return which of the ``spaces`` of a prior is searched; ``None`` when none fits.

        >>> from search_spaces.attacks import GMI, VMI
        >>> GMI().space_among(["w", "z"]), VMI().space_among(["w", "z"]), VMI().space_among(["w"])
        ('w', 'z', None)
        """
        able = [name for name in spaces if self.spaces is None or name in self.spaces]
        if self.latent_space is not None:
            able = [name for name in able if name == self.latent_space]
        return able[0] if able else None

    def prior_error(self, prior: PriorSettings, data_side: int) -> str | None:
        """Return why this attack cannot use ``prior`` on data of ``data_side`` pixels, or ``None``.

        >>> from search_spaces.attacks import GMI
        >>> from search_spaces.priors import WGANGP
        >>> GMI().prior_error(WGANGP(), 64) is None
        True
        >>> GMI(latent_space="w").prior_error(WGANGP(), 64)
        "attack gmi searches the space 'w' of latents, prior wgan_gp has z"
        """
        if self.space_among(prior.spaces) is None:
            wanted = repr(self.latent_space) if self.latent_space else " or ".join(self.spaces or ())
            return (
                f"attack {self.kind} searches the space {wanted} of latents, prior {prior.kind} has "
                f"{', '.join(prior.spaces)}"
            )
        if self.needs_critic and not prior.has_critic:
            return (
                f"attack {self.kind} uses the critic of its prior, but prior "
                f"{prior.kind} has none: set prior_weight to 0, or name another prior"
            )
        return None

    @classmethod
    def published(cls) -> Self:
        """Return the published settings: every default."""
        return cls.model_validate({})

    def images_per_class(self) -> int:
        """Return the pictures of one class that T sees while they are optimised, were every step taken.

        What is done once for a T (KEDMI's generator, LOMMA's students) is not counted.
        """
        return self.iterations * self.restarts

    def default_micro_batch(self, device_type: str) -> int:
        """Return the ``micro_batch`` that a device of this type (``cpu``, ``cuda``) is fast with.

        Smaller batches leave a large GPU waiting for the next kernel, larger ones gain little and take
        memory.
        """
        return 64 if device_type == "cpu" else 512

    def micro_batch_size(self, device_type: str) -> int:
        """Return how many rows are computed side by side: ``micro_batch``, or the default of the device.

        >>> from search_spaces.attacks import GMI
        >>> GMI().micro_batch_size("cpu"), GMI(micro_batch=7).micro_batch_size("cpu")
        (64, 7)
        """
        return self.micro_batch or self.default_micro_batch(device_type)

    def budget_factor(self) -> float:
        """Return the work as a share of what is published for the attack (supplement Table 11).

        >>> from search_spaces.attacks import GMI
        >>> GMI().budget_factor(), GMI(iterations=300, restarts=1).budget_factor()
        (1.0, 0.02)
        """
        return self.images_per_class() / self.published().images_per_class()

    def scaled(self, factor: float) -> Self:
        """Return these settings with the iterations that make ``factor`` of the published work, at least one.

        Restarts and samples stay: fewer restarts leave more iterations to each.

        >>> from search_spaces.attacks import GMI
        >>> GMI(restarts=2).scaled(0.01).iterations
        75
        """
        one_iteration = self.images_per_class() // self.iterations
        iterations = round(factor * self.published().images_per_class() / one_iteration)
        return self.model_copy(update={"iterations": max(1, iterations)})


ATTACKS: Registry[AttackSettings] = Registry("attack", AttackSettings, "tldmi_sweep.attacks")

AnyAttack = Annotated[AttackSettings, OneOf(ATTACKS)]

WrittenAttack = Annotated[AttackSettings, OneOf(ATTACKS, as_written=True)]
"""An attack of which another place may set what is not written here (see ``Setup.attack_budgets``)."""


def beyond_access(attacks: Iterable[AttackSettings], access: Access) -> list[str]:
    """Return the kinds of ``attacks`` that need more of T than ``access`` gives.

    >>> from search_spaces.attacks import BREPMI, GMI, VMI
    >>> beyond_access([GMI(), BREPMI(), VMI()], "labels")
    ['gmi', 'vmi']
    >>> beyond_access([GMI(), BREPMI(), VMI()], "white_box")
    []
    """
    given = ACCESS_ORDER.index(access)
    return [attack.kind for attack in attacks if ACCESS_ORDER.index(attack.access) > given]
