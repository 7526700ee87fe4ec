"""GMI row-steps per CPU-second: the engine, a plain loop, and the bound no engine can pass; in one run.

The plain loop inverts groups of 12 classes x 5 restarts (60 rows, the published batch; ``--group 1``: one
class after the other) with weight gradients on and the networks as trained: BatchNorm not folded, default
memory format. It and the engine compute the same latents, which is checked first. The bound is one forward
pass and one backward pass to the input alone of generator, critic and T each, of the same copies the engine
uses, at the best of some batch sizes.

    python benchmarks/gmi_speed.py [--network small_vgg|face_resnet|vgg16] [--group 12]
"""

import argparse
import platform
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import GMI
from search_spaces.targets import TargetSettings
from trainables.attacks import Attacker, run_attack_method
from trainables.attacks.inference import inference_copy, latent_like
from trainables.attacks.rows import attack_rows, start_latents
from trainables.generators import GANPrior
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.models import build_target
from trainables.models.target_model import TargetModel

RESOLUTION = 64
Z_DIM = 100


def untrained(architecture: str, classes: int, width: int) -> tuple[TargetModel, GANPrior]:
    """Return T and the published generator and critic of this width, grey, with fresh weights."""
    settings = TargetSettings.model_validate({"architecture": architecture})
    target = build_target(settings, classes, RESOLUTION, seed=0).eval()
    torch.manual_seed(0)
    generator = ConvolutionalGenerator(Z_DIM, 1, width, RESOLUTION).eval()
    return target, GANPrior(generator, Critic(1, width, RESOLUTION).eval(), Z_DIM)


def plain_loop(settings: GMI, target: TargetModel, prior: GANPrior, classes: int, group: int) -> Tensor:
    """Return the latents of every class and restart, one group of classes after the other."""
    rows = attack_rows(range(classes), settings.restarts)
    starts = start_latents(rows, settings.seed, prior, "z").to(latent_like(prior.generator))
    labels = rows.class_index.to(starts.device)
    size = group * settings.restarts
    parts = zip(torch.split(starts, size), torch.split(labels, size), strict=True)
    return torch.cat([_plain_inversion(settings, target, prior, *part) for part in parts])


def _plain_inversion(
    settings: GMI, target: TargetModel, prior: GANPrior, z: Tensor, labels: Tensor
) -> Tensor:
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


def pass_seconds(network: Callable[[Tensor], Tensor], inputs: Tensor) -> float:
    """Return the CPU time of one forward pass and one backward pass to ``inputs`` alone."""
    free = inputs.requires_grad_()
    return cpu_seconds(lambda: torch.autograd.grad(network(free).sum(), free))


def bound(target: TargetModel, prior: GANPrior, batches: list[int], repeats: int) -> dict[int, list[float]]:
    """Return, by batch size, CPU-seconds per row of generator, critic and T, each at its best."""
    t, g, d = (inference_copy(each) for each in (target, prior.generator, prior.critic))
    parts: list[Callable[[Tensor], Tensor]] = [g, d, lambda images: t(images).logits]
    result = {}
    for batch in batches:
        latents = torch.randn(batch, prior.z_dim)
        images = g(latents).detach()
        inputs = [latents, images, images]
        pairs = list(zip(parts, inputs, strict=True))
        times = [[pass_seconds(*pair) for pair in pairs] for _ in range(repeats + 1)][1:]
        result[batch] = [min(column) / batch for column in zip(*times, strict=True)]
    return result


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure all, alternating, and print the best of each and their ratios."""
    options = _options()
    torch.set_num_threads(1)
    target, prior = untrained(options.network, options.classes, options.width)
    settings = GMI(iterations=options.iterations, restarts=options.restarts, micro_batch=options.micro_batch)

    attacker = Attacker(target, prior, torch.zeros(0, dtype=torch.uint8))

    def batched() -> Tensor:
        """Return the latents of the engine."""
        return run_attack_method(settings, attacker, range(options.classes)).latents

    def plain() -> Tensor:
        """Return the latents of the plain loop."""
        return plain_loop(settings, target, prior, options.classes, options.group)

    difference = (batched() - plain()).abs().max()
    assert difference < 1e-3, f"the two loops disagree by {difference}"
    limits = bound(target, prior, options.bound_batches, options.repeats)
    times = [(cpu_seconds(batched), cpu_seconds(plain)) for _ in range(options.repeats)]
    steps = options.classes * options.restarts * options.iterations
    _report(options, limits, *(steps / min(column) for column in zip(*times, strict=True)))


def _report(options: argparse.Namespace, limits: dict[int, list[float]], fast: float, slow: float) -> None:
    best = min(limits, key=lambda batch: sum(limits[batch]))
    most = 1 / sum(limits[best])
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread, {options.network}")
    print(f"rows: {options.classes} classes x {options.restarts} restarts, {options.iterations} iterations")
    print("CPU-milliseconds per row-step: generator, critic, T, sum")
    for batch, seconds in limits.items():
        parts = "  ".join(f"{1000 * each:7.2f}" for each in (*seconds, sum(seconds)))
        print(f"  batch {batch:4d}: {parts}")
    print(f"engine, micro-batch {options.micro_batch}: {fast:8.2f} row-steps per CPU-second")
    print(f"bound, batch {best}: {most:8.2f}; the engine reaches {fast / most:.0%}")
    print(
        f"plain loop, {options.group} class(es) per batch: {slow:8.2f}; the engine is {fast / slow:.2f} x it"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=ARCHITECTURES.kinds, default="small_vgg")
    parser.add_argument("--classes", type=int, default=12)
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--group", type=int, default=12, help="classes in one batch of the plain loop")
    parser.add_argument("--iterations", type=int, default=4)
    parser.add_argument("--micro-batch", type=int, default=30)
    parser.add_argument("--bound-batches", type=int, nargs="+", default=[15, 30, 60])
    parser.add_argument("--width", type=int, default=64, help="of generator and critic")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
