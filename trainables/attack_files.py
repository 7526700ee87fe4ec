"""Files of weights that attacks and their judging read: whether each is what it should be."""

from collections.abc import Sequence

from search_spaces import AttackConfig
from search_spaces.attacks import LOMMAGMI, LOMMAKEDMI
from trainables.attacks.students import check_weights
from trainables.metrics.inception import load_inception
from trainables.metrics.lpips import load_perceptual_network


def check_files(attacks: Sequence[AttackConfig]) -> None:
    """Raise ``WeightsUnusable`` or ``WeightsMismatch`` unless all files that ``attacks`` name can be used."""
    for quality in {config.image_quality for config in attacks}:
        load_inception(quality)
        load_perceptual_network(quality)
    for config in attacks:
        if isinstance(config.attack, LOMMAGMI | LOMMAKEDMI):
            check_weights(config.attack.lomma)
