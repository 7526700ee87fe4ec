"""LOMMA over KEDMI, white box: KEDMI's inversion with the logit loss of T and its students."""

from collections.abc import Sequence

from search_spaces.attacks import LOMMAKEDMI
from trainables.attacks.attacker import Attacker
from trainables.attacks.distribution_descent import invert_distributions
from trainables.attacks.logit_loss import lomma_loss
from trainables.attacks.reconstructions import Reconstructions


def lomma_kedmi(settings: LOMMAKEDMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return ``restarts`` samples of the Gaussian of each class; T and the prior are left untouched.

    Raises ``AttackDiverged`` when the generator's training, a distillation or the latents stop being finite.
    """
    identity, queries = lomma_loss(settings.lomma, attacker, settings)
    return invert_distributions(settings, attacker, classes, identity, queries)
