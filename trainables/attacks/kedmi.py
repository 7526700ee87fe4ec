"""KEDMI: an inversion-specific GAN of T, then a latent Gaussian a class (Chen et al., ICCV 2021)."""

from collections.abc import Sequence

from search_spaces.attacks import KEDMI
from trainables.attacks.attacker import Attacker
from trainables.attacks.distribution_descent import invert_distributions
from trainables.attacks.objective import CrossEntropy
from trainables.attacks.reconstructions import Reconstructions


def kedmi(settings: KEDMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return ``restarts`` samples of the Gaussian of each class; T and the prior are left untouched.

    Raises ``AttackDiverged`` when the generator's training or the latents stop being finite.
    """
    return invert_distributions(settings, attacker, classes, CrossEntropy(attacker.target, settings))
