"""GMI row-steps per CPU-second: the batched engine against a plain loop over classes, in one run, one thread.

The plain loop inverts one class after the other (``--group``: some classes together), its restarts in one
batch, with weight gradients on and the networks as trained: BatchNorm not folded, default memory format. Both
compute the same latents, which is checked first.

    python benchmarks/gmi_speed.py [--network small_vgg|face_resnet|vgg16] [--group 1]
"""

import argparse
import platform
import time
from collections.abc import Callable
from typing import get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces.attacks import GMI
from search_spaces.targets import Architecture, TargetSettings
from trainables.attacks import Attacker, run_attack_method
from trainables.attacks.rows import attack_rows, start_latents
from trainables.generators import Prior
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.models import build_target
from trainables.models.target_model import TargetModel

RESOLUTION = 64
Z_DIM = 100


def untrained(architecture: str, classes: int, width: int) -> tuple[TargetModel, Prior]:
    """Return T and the published generator and critic of this width, grey, with fresh weights."""
    settings = TargetSettings.model_validate({"architecture": architecture})
    target = build_target(settings, classes, RESOLUTION, seed=0).eval()
    torch.manual_seed(0)
    generator = ConvolutionalGenerator(Z_DIM, 1, width, RESOLUTION).eval()
    return target, Prior(generator, Critic(1, width, RESOLUTION).eval(), Z_DIM)


def plain_loop(settings: GMI, target: TargetModel, prior: Prior, classes: int, group: int) -> Tensor:
    """Return the latents of every class and restart, one group of classes after the other."""
    rows = attack_rows(range(classes), settings.restarts)
    starts = start_latents(rows, settings.seed, prior.z_dim)
    size = group * settings.restarts
    parts = zip(torch.split(starts, size), torch.split(rows.class_index, size), strict=True)
    return torch.cat([_plain_inversion(settings, target, prior, part, labels) for part, labels in parts])


def _plain_inversion(settings: GMI, target: TargetModel, prior: Prior, z: Tensor, labels: Tensor) -> Tensor:
    velocity = torch.zeros_like(z)
    for _ in range(settings.iterations):
        z = z.detach().requires_grad_()
        images = prior.generator(z)
        identity = F.cross_entropy(target(images).logits, labels, reduction="sum")
        loss = (settings.identity_weight * identity - prior.critic(images).sum()) / settings.norm_batch
        loss.backward()  # weight gradients are computed, summed up and never used
        assert z.grad is not None
        before, velocity = velocity, settings.momentum * velocity - settings.learning_rate * z.grad
        with torch.no_grad():
            moved = z - settings.momentum * before + (1 + settings.momentum) * velocity
            z = moved.clamp(-settings.clip, settings.clip)
    return z.detach()


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure both, alternating, and print the best of each and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=get_args(Architecture), default="small_vgg")
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--group", type=int, default=1, help="classes in one batch of the plain loop")
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--micro-batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=32, help="of generator and critic")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    target, prior = untrained(options.network, options.classes, options.width)
    settings = GMI(iterations=options.iterations, restarts=options.restarts, micro_batch=options.micro_batch)

    attacker = Attacker(target, prior, torch.zeros(0, dtype=torch.uint8))

    def batched() -> Tensor:
        return run_attack_method(settings, attacker, range(options.classes)).latents

    def plain() -> Tensor:
        return plain_loop(settings, target, prior, options.classes, options.group)

    difference = (batched() - plain()).abs().max()
    assert difference < 1e-3, f"the two loops disagree by {difference}"
    times = [(cpu_seconds(batched), cpu_seconds(plain)) for _ in range(options.repeats)]
    steps = options.classes * options.restarts * options.iterations
    fast, slow = (steps / min(column) for column in zip(*times, strict=True))
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread, {options.network}")
    print(f"rows: {options.classes} classes x {options.restarts} restarts, {options.iterations} iterations")
    print(f"batched engine, micro-batch {options.micro_batch}: {fast:8.1f} row-steps per CPU-second")
    print(f"plain loop, {options.group} class(es) per batch: {slow:8.1f} row-steps per CPU-second")
    print(f"ratio: {fast / slow:.2f}")


if __name__ == "__main__":
    main()
