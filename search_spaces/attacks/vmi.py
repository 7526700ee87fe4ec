"""VMI: a posterior of latents per class, by a normalising flow (Wang et al., NeurIPS 2021)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.attacks.attack import ATTACKS, AttackSettings, Count, Positive


@ATTACKS.register
class VMI(AttackSettings):
    """VMI (white box): a normalising flow over the prior's latents, per class (Wang et al. 2021).

    Iterations, restarts and weight are the published ones. The optimiser is not: the published SGD of 1e-4
    belongs to the published flow, and leaves this one where it starts.
    """

    home: ClassVar[str | None] = "trainables.attacks.vmi"
    packages: ClassVar[tuple[str, ...]] = ("zuko",)
    spaces: ClassVar[tuple[str, ...] | None] = ("z",)  # its posteriors are held to N(0, I)

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

    def images_per_class(self) -> int:
        """Return the samples of all iterations; the ``restarts`` samples are drawn in the end."""
        return self.iterations * self.samples_per_step
