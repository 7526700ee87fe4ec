"""Model inversion attacks: each rebuilds pictures of every attacked class from T and a prior."""

from collections.abc import Callable, Sequence

from search_spaces.attacks import AttackSettings
from trainables.attacks.attacker import Attacker
from trainables.attacks.brepmi import brepmi
from trainables.attacks.gmi import gmi
from trainables.attacks.kedmi import kedmi
from trainables.attacks.lomma import lomma_gmi, lomma_kedmi
from trainables.attacks.rows import AttackDiverged, Reconstructions
from trainables.attacks.vmi import vmi

REGISTRY: dict[str, Callable[..., Reconstructions]] = {
    "brepmi": brepmi,
    "gmi": gmi,
    "kedmi": kedmi,
    "lomma_gmi": lomma_gmi,
    "lomma_kedmi": lomma_kedmi,
    "vmi": vmi,
}
"""The function of each attack kind: (settings of its kind, attacker, classes) to reconstructions."""


def run_attack_method(
    settings: AttackSettings, attacker: Attacker, classes: Sequence[int]
) -> Reconstructions:
    """Return the reconstructions of ``classes`` by the attack that ``settings.kind`` names.

    T and the prior keep their parameters, buffers and modes. Raises ``AttackDiverged`` when latents stop
    being finite numbers.
    """
    return REGISTRY[settings.kind](settings, attacker, classes)


__all__ = ["REGISTRY", "AttackDiverged", "Attacker", "Reconstructions", "run_attack_method"]
