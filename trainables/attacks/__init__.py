"""Model inversion attacks: each rebuilds pictures of every attacked class from T and a prior."""

from collections.abc import Sequence

from search_spaces.attacks import AttackSettings
from trainables.attacks.attacker import Attacker
from trainables.attacks.rows import AttackDiverged, Reconstructions
from trainables.implementations import implementation_of

__all__ = ["AttackDiverged", "Attacker", "Reconstructions", "run_attack_method"]


def run_attack_method(
    settings: AttackSettings, attacker: Attacker, classes: Sequence[int]
) -> Reconstructions:
    """Return the reconstructions of ``classes`` by the attack that ``settings`` describe.

    T and the prior keep their parameters, buffers and modes. Raises ``AttackDiverged`` when latents stop
    being finite numbers.
    """
    result: Reconstructions = implementation_of(type(settings))(settings, attacker, classes)
    return result
