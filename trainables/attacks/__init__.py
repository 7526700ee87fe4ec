"""Model inversion attacks: each rebuilds pictures of every attacked class from T and a prior."""

from collections.abc import Callable, Sequence

from search_spaces.attacks import AttackSettings
from trainables.attacks.brepmi import brepmi
from trainables.attacks.gmi import gmi
from trainables.attacks.reconstructions import AttackDiverged, Reconstructions
from trainables.generators import Prior
from trainables.models.target_model import TargetModel

REGISTRY: dict[str, Callable[..., Reconstructions]] = {"brepmi": brepmi, "gmi": gmi}
"""The function of each attack kind: (settings of its kind, T, prior, classes) to reconstructions."""


def run_attack_method(
    settings: AttackSettings, target: TargetModel, prior: Prior, classes: Sequence[int]
) -> Reconstructions:
    """Return the reconstructions of ``classes`` by the attack that ``settings.kind`` names.

    T and the prior keep their parameters, buffers and modes. Raises ``AttackDiverged`` when latents stop
    being finite numbers.
    """
    return REGISTRY[settings.kind](settings, target, prior, classes)


__all__ = ["REGISTRY", "AttackDiverged", "Reconstructions", "run_attack_method"]
