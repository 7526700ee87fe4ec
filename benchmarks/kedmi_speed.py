"""KEDMI's generator training, CPU-seconds a step: T's labels cached, against T in each discriminator step.

The published loop runs T forward, in training mode, and backward in each discriminator step, since nothing
detaches its labels. Both trainings take the same steps of the same networks on the same batches; the time of
labelling D_pub once is printed beside, spread over the published number of steps.

    python benchmarks/kedmi_speed.py [--network vgg16|ir152]
"""

import argparse
import copy
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import InversionGenerator
from search_spaces.targets import TargetSettings
from trainables.attacks.teacher import CachedTeacher
from trainables.generators.inversion_gan import InversionTraining, untrained_gan
from trainables.generators.k_plus_one import discriminator_loss
from trainables.models import build_target
from trainables.models.target_model import TargetModel

RESOLUTION, CLASSES = 64, 1000
PUBLISHED_PICTURES, PUBLISHED_STEPS = 30_000, 56_160
"""Public pictures and discriminator steps of the published training."""


class TargetInEachStep(InversionTraining):
    """The published shape: the cross-entropy's gradient goes through T, whose weight gradients add up."""

    target: nn.Module

    def discriminator_step(self) -> None:
        """Take one step of the discriminator."""
        labelled = self._pictures(next(self.labelled))
        with torch.no_grad():
            fake = self.generator(self._latents())
        real, soft = self.discriminator(labelled).logits, self.target(labelled).logits.softmax(1)
        others = [self.discriminator(each).logits for each in (self._pictures(next(self.unlabelled)), fake)]
        loss = discriminator_loss(real, soft, *others)
        self.discriminator_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.discriminator_optimizer.step()


def trainings(target: TargetModel, public: Tensor, batch: int) -> tuple[InversionTraining, TargetInEachStep]:
    """Return the training with cached labels and the published one, with equal networks."""
    settings = InversionGenerator(batch_size=batch)
    gan = untrained_gan(settings, None, public, CLASSES, like=torch.zeros(1))
    fast = InversionTraining(settings, copy.deepcopy(gan), public, CachedTeacher(target, public))
    plain = TargetInEachStep(settings, gan, public, fast.label_of)
    plain.target = target.train()
    return fast, plain


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def one_round(training: InversionTraining) -> None:
    """Take the discriminator steps that belong to one generator step, and that."""
    for _ in range(training.settings.critic_steps_per_generator_step):
        training.discriminator_step()
    training.generator_step()


def main() -> None:
    """Measure both, alternating, and print the best of each and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=sorted(ARCHITECTURES.kinds), default="vgg16")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = TargetSettings.model_validate({"architecture": options.network})
    target = build_target(settings, CLASSES, RESOLUTION, seed=0)
    draws = torch.Generator().manual_seed(0)
    public = torch.randint(0, 256, (2 * options.batch, 3, RESOLUTION, RESOLUTION), generator=draws)
    public = public.to(torch.uint8)
    labelling = cpu_seconds(lambda: CachedTeacher(target, public)) / len(public)
    fast, plain = trainings(target, public, options.batch)
    one_round(fast)  # warm up
    times = [
        (cpu_seconds(lambda: one_round(fast)), cpu_seconds(lambda: one_round(plain)))
        for _ in range(options.repeats)
    ]
    steps = fast.settings.critic_steps_per_generator_step
    cached, published = (min(column) / steps for column in zip(*times, strict=True))
    once = labelling * PUBLISHED_PICTURES / PUBLISHED_STEPS
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread, {options.network}")
    print("CPU-seconds per discriminator step, with a fifth of a generator step:")
    print(f"cached labels: {cached:.3f} (labelling D_pub once adds {once:.3f} at the published length)")
    print(f"T forward and backward in each step: {published:.3f}")
    print(f"ratio: {published / cached:.2f}, with the labelling {published / (cached + once):.2f}")


if __name__ == "__main__":
    main()
