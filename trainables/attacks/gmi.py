"""GMI, white box: Nesterov steps on 100 x identity loss + critic prior (Zhang et al., CVPR 2020)."""

from collections.abc import Sequence

from search_spaces.attacks import GMI
from trainables.attacks.attacker import Attacker
from trainables.attacks.latent_descent import invert_points
from trainables.attacks.objective import CrossEntropy
from trainables.attacks.reconstructions import Reconstructions


def gmi(settings: GMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    Raises ``AttackDiverged`` when latents stop being finite.
    """
    return invert_points(settings, attacker, classes, CrossEntropy(attacker.target, settings))
