"""What must fit before an attack starts: classes, T, prior and pictures belong together."""

import torch

from trainables.datasets.dataset import FaceData
from trainables.generators import Prior
from trainables.models.target_model import TargetModel
from trainables.step import device

_ROUNDING = 1e-3


class NotAttackable(ValueError):
    """T, prior and data do not belong together, or there is nothing to attack."""


def attacked_classes(wanted: int | None, classes: int) -> range:
    """Return the classes to attack: the first ``wanted`` of D_priv, or all without a number.

    The same for every T, so that defences are compared on the same people. Raises ``NotAttackable`` when
    there are fewer than asked for, or none.
    """
    if wanted is None:
        wanted = classes
    if not 1 <= wanted <= classes:
        raise NotAttackable(
            f"attacked_classes {wanted}: the data have {classes} private classes; "
            f"give 1 to {classes}, or leave it out to attack all"
        )
    return range(wanted)


def check_target(target: TargetModel, data: FaceData) -> None:
    """Raise ``NotAttackable`` unless T has one output per private class."""
    outputs = target.head.out_features
    if outputs != data.num_classes:
        raise NotAttackable(
            f"T tells {outputs} classes apart, data set {data.name} has {data.num_classes} private classes; "
            "attack a T that was trained on these data"
        )


def check_prior(prior: Prior, data: FaceData) -> None:
    """Raise ``NotAttackable`` unless the prior makes pictures of the size and range of the data.

    One picture is made, of the latent zero, on the device of all steps.
    """
    with torch.no_grad():
        picture = prior.generator(torch.zeros(1, prior.z_dim, device=device()))
    made, wanted = tuple(picture.shape[1:]), (data.channels, data.resolution, data.resolution)
    if made != wanted:
        raise NotAttackable(
            f"the generator makes pictures of shape {made}, data set {data.name} has {wanted}; "
            "give a generator of that resolution"
        )
    low, high = (float(bound) for bound in picture.detach().aminmax())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise NotAttackable(
            f"the generator makes pixels from {low:.3g} to {high:.3g}; pictures are in [0, 1] here: "
            "map its output, for [-1, 1] by x / 2 + 0.5"
        )
