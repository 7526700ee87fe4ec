"""BREPMI pictures per CPU-second: the attack against plain forward passes of G and T, in one run, one thread.

The plain passes take the pictures that the attack shows to T, at the best of several batch sizes, with the
same networks made ready in the same way: their speed bounds every label-only attack. T has fresh weights; its
head is centred so that random pictures get all labels and rows find starts and walk.

    python benchmarks/brepmi_speed.py [--network small_vgg|face_resnet|vgg16] [--classes 20]
"""

import argparse
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import BREPMI
from search_spaces.targets import TargetSettings
from trainables.attacks import Attacker, Reconstructions, run_attack_method
from trainables.attacks.inference import inference_copy
from trainables.generators import GANPrior
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.models import build_target
from trainables.models.target_model import TargetModel
from trainables.step import single_threaded

RESOLUTION = 64
Z_DIM = 100
BATCHES = (16, 32, 64, 128, 256, 512)


def undecided(architecture: str, classes: int, width: int) -> tuple[TargetModel, GANPrior]:
    """Return T and the published generator, grey, with fresh weights; T gives random pictures all labels."""
    settings = TargetSettings.model_validate({"architecture": architecture})
    target = build_target(settings, classes, RESOLUTION, seed=0).eval()
    torch.manual_seed(0)
    generator = ConvolutionalGenerator(Z_DIM, 1, width, RESOLUTION).eval()
    with torch.no_grad():
        logits = target(generator(torch.randn(256, Z_DIM))).logits
        spread = logits.std(0)
        target.head.weight /= spread[:, None]
        target.head.bias.copy_((target.head.bias - logits.mean(0)) / spread)
    return target, GANPrior(generator, Critic(1, width, RESOLUTION).eval(), Z_DIM)


def plain_passes(target: TargetModel, prior: GANPrior, images: int, batch: int) -> Tensor:
    """Return T's labels of ``images`` random latents, ``batch`` at a time."""
    ready, generator = inference_copy(target), inference_copy(prior.generator)
    latents = torch.randn(images, Z_DIM)
    with torch.inference_mode():
        return torch.cat([ready(generator(part)).logits.argmax(1) for part in torch.split(latents, batch)])


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    """Measure both, alternating, print the best of each and their ratio; 1 when it is below ``--limit``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=ARCHITECTURES.kinds, default="small_vgg")
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3, help="attempted steps of every row")
    parser.add_argument("--micro-batch", type=int, default=256)
    parser.add_argument("--width", type=int, default=32, help="of the generator")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=0.9)
    options = parser.parse_args()
    single_threaded()  # as every step does: threads, deterministic algorithms, freed memory kept
    target, prior = undecided(options.network, options.classes, options.width)
    settings = BREPMI(max_steps=options.steps, micro_batch=options.micro_batch, initial_draws=2048)
    attacker = Attacker(target, prior, torch.zeros(0, dtype=torch.uint8))

    def attack() -> Reconstructions:
        """Run the attack."""
        return run_attack_method(settings, attacker, range(options.classes))

    def plain(batch: int, images: int) -> float:
        """Run the plain passes."""
        return cpu_seconds(lambda: plain_passes(target, prior, images, batch))

    result = attack()
    images = result.total_queries
    best = min(BATCHES, key=lambda batch: plain(batch, max(BATCHES)))
    times = [(cpu_seconds(attack), plain(best, images)) for _ in range(options.repeats)]
    walk, bound = (min(column) for column in zip(*times, strict=True))
    ratio = bound / walk
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread, {options.network}")
    print(f"rows: {int(result.found.sum())} of {options.classes} have a start, {images} pictures")
    print(f"BREPMI, micro-batch {options.micro_batch}: {images / walk:8.1f} pictures per CPU-second")
    print(f"plain passes, batch {best}: {images / bound:8.1f} pictures per CPU-second")
    print(f"ratio: {ratio:.3f} (limit {options.limit})")
    return int(ratio < options.limit)


if __name__ == "__main__":
    raise SystemExit(main())
