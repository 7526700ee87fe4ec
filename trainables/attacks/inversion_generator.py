"""The inversion-specific generator of one T: trained on D_pub when first asked for, then kept."""

from collections.abc import Callable

from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import InversionGenerator
from trainables.attacks.attacker import Attacker
from trainables.attacks.reconstructions import AttackDiverged
from trainables.attacks.teacher import CachedTeacher, TrainingModeTeacher
from trainables.generators.inversion_gan import (
    InversionGAN,
    InversionTraining,
    SoftLabels,
    gan_tensors,
    load_gan,
    untrained_gan,
)
from trainables.training.training import layers_seeded

TEACHERS: dict[str, Callable[[nn.Module, Tensor], SoftLabels]] = {
    "eval": CachedTeacher,
    "train": TrainingModeTeacher,
}


def inversion_gan(settings: InversionGenerator, attacker: Attacker) -> InversionGAN:
    """Return the GAN of this T: in eval mode, frozen, with the device and type of the prior.

    The same bits for the same settings, T, public pictures and, where it starts from it, prior. Raises
    ``AttackDiverged`` when its training does.
    """
    tensors = attacker.keep("inversion_generators", settings, lambda: _trained(settings, attacker))
    return load_gan(_untrained(settings, attacker), tensors)


def labelling_queries(settings: InversionGenerator, public: Tensor) -> int:
    """Return how many pictures T labels for the training, counted with repeats.

    >>> import torch
    >>> labelling_queries(InversionGenerator(teacher_mode="train", generator_steps=10), torch.zeros(80))
    3200
    """
    if settings.teacher_mode == "eval":
        return len(public)
    steps = settings.critic_warmup_steps + (
        settings.generator_steps * settings.critic_steps_per_generator_step
    )
    return steps * min(settings.batch_size, len(public))


def _untrained(settings: InversionGenerator, attacker: Attacker) -> InversionGAN:
    return untrained_gan(settings, attacker.prior, attacker.public, attacker.target.head.out_features)


def _trained(settings: InversionGenerator, attacker: Attacker) -> dict[str, Tensor]:
    gan = _untrained(settings, attacker)
    label_of = TEACHERS[settings.teacher_mode](attacker.target, attacker.public)
    with layers_seeded(seed_stream(settings.seed, "inversion_gan", "layers")):  # T's dropout
        InversionTraining(settings, gan, attacker.public, label_of).run()
    tensors = gan_tensors(gan)
    broken = sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())
    if broken:
        raise AttackDiverged(
            f"the inversion-specific GAN diverged: {broken[0]} is not finite; lower its learning rate"
        )
    return tensors
