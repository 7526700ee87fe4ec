"""LOMMA over GMI, white box: GMI's inversion with the logit loss of T and its students."""

from collections.abc import Sequence

from search_spaces.attacks import LOMMAGMI
from trainables.attacks.attacker import Attacker
from trainables.attacks.latent_descent import invert_points
from trainables.attacks.logit_loss import lomma_loss
from trainables.attacks.reconstructions import Reconstructions


def lomma_gmi(settings: LOMMAGMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    Raises ``AttackDiverged`` when a distillation or the latents stop being finite.
    """
    identity, queries = lomma_loss(settings.lomma, attacker, settings)
    return invert_points(settings, attacker, classes, identity, queries)
