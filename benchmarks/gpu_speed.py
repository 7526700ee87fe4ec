"""Wall time on a GPU: white-box steps by precision and batch, GMI against a plain loop, training by defence.

Published generator, critic and pictures (width 64, 64x64, colour), 1000 classes, fresh weights. Every time is
the least of some repeats after one that is not counted, with the device waited for. Three tables:

* milliseconds of a step of one image (generator, critic and T, forward and backward to the latent), by
  precision: TF32 (what cuDNN takes of its own accord), float32, bfloat16 (``mixed_precision``), and with
  ``--compiled`` bfloat16 with ``compile``;
* row-steps per second of GMI by the engine, micro-batch after micro-batch, of the networks alone at that
  batch, and of a plain loop (60 rows, weight gradients, networks as trained);
* milliseconds of a VGG16 training batch of 64 by defence, and the ratio to no defence.

    python benchmarks/gpu_speed.py [--networks vgg16 ir152] [--batches 64 256] [--compiled]

It runs on the CPU too, where there is no GPU, if given smaller numbers.
"""

import argparse
import time
from collections.abc import Callable

import torch
from defense_speed import CASES, epochs, pictures
from gmi_speed import plain_loop
from torch import Tensor

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import GMI
from search_spaces.targets import TargetSettings
from trainables.attacks import Attacker, run_attack_method
from trainables.attacks.objective import CrossEntropy, Objective, critic_prior
from trainables.generators import GANPrior
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.models import build_target
from trainables.models.target_model import TargetModel
from trainables.step import device, device_name, single_threaded

RESOLUTION, Z_DIM, CLASSES, WIDTH = 64, 100, 1000, 64
PUBLISHED_BATCH = 60
PRECISIONS = {"TF32": GMI(), "float32": GMI(), "bfloat16": GMI(mixed_precision=True)}
COMPILED = {"bfloat16, compiled": GMI(mixed_precision=True, compile=True)}


def networks(architecture: str) -> tuple[TargetModel, GANPrior]:
    """Return T and the prior of the published widths, with fresh weights, on the device of all steps."""
    settings = TargetSettings.model_validate({"architecture": architecture})
    target = build_target(settings, CLASSES, RESOLUTION, seed=0).eval().to(device())
    torch.manual_seed(0)
    generator = ConvolutionalGenerator(Z_DIM, 3, WIDTH, RESOLUTION).eval().to(device())
    return target, GANPrior(generator, Critic(3, WIDTH, RESOLUTION).eval().to(device()), Z_DIM)


def objective_of(settings: GMI, target: TargetModel, prior: GANPrior) -> Objective:
    """Return what GMI minimises."""
    prior_loss = critic_prior(prior.critic, settings)
    return Objective(settings, prior.generator, CrossEntropy(target, settings), prior_loss)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the least wall time of a call, the first one left out."""
    times = []
    for _ in range(repeats + 1):
        wait()
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def wait() -> None:
    """Wait for the device."""
    if device().type == "cuda":
        torch.cuda.synchronize()


def step_of(objective: Objective, batch: int) -> Callable[[], Tensor]:
    """Return one forward pass and one backward pass of a batch to its latents."""
    latents = torch.randn(batch, Z_DIM, device=device(), requires_grad=True)
    labels = torch.arange(batch, device=device()) % CLASSES
    return lambda: torch.autograd.grad(objective(latents, labels).loss, latents)[0]


def several(work: Callable[[], object], times: int) -> Callable[[], None]:
    """Return ``work`` done so many times, so that a step is not measured with its start."""

    def repeated() -> None:
        """Do it."""
        for _ in range(times):
            work()

    return repeated


def image_steps(options: argparse.Namespace) -> None:
    """Print milliseconds of a step of one image."""
    precisions = PRECISIONS | (COMPILED if options.compiled else {})
    print("\nms per image-step" + " " * 9 + "".join(f"{name:>20}" for name in precisions))
    for architecture in options.networks:
        target, prior = networks(architecture)
        for batch in options.batches:
            times = [precise_step(name, engine, target, prior, batch, options.repeats)
                     for name, engine in precisions.items()]  # fmt: skip
            print(f"{architecture:12} batch {batch:6d}  " + "".join(f"{each:20.4f}" for each in times))


def precise_step(
    name: str, engine: GMI, target: TargetModel, prior: GANPrior, batch: int, repeats: int
) -> float:
    """Return milliseconds of a step of one image at a precision of ``PRECISIONS`` or ``COMPILED``."""
    torch.backends.cudnn.allow_tf32 = name != "float32"
    try:
        work = several(step_of(objective_of(engine, target, prior), batch), 5)
        return 1000 * seconds(work, repeats) / 5 / batch
    finally:
        torch.backends.cudnn.allow_tf32 = True


def engine(options: argparse.Namespace) -> None:
    """Print row-steps per second of GMI."""
    target, prior = networks(options.networks[0])
    classes = range(options.rows // 5)
    rates = {"plain loop": _rate(lambda: _plain(options, target, prior), options)}
    for batch in options.batches:
        settings = GMI(iterations=options.iterations, restarts=5, micro_batch=batch)
        attacker = Attacker(target, prior, torch.zeros(0, dtype=torch.uint8))
        work = _inversion(settings, attacker, classes)
        rates[f"engine, micro-batch {batch}"] = _rate(work, options)
        alone = seconds(several(step_of(objective_of(settings, target, prior), batch), 5), options.repeats)
        rates[f"networks alone, batch {batch}"] = 5 * batch / alone
    print(f"\nGMI, {options.networks[0]}, {options.rows} rows, {options.iterations} iterations")
    print(f"{'':32} {'row-steps/s':>12} {'x plain':>8}")
    for name, rate in rates.items():
        print(f"{name:32} {rate:12.0f} {rate / rates['plain loop']:8.2f}")


def _inversion(settings: GMI, attacker: Attacker, classes: range) -> Callable[[], object]:
    return lambda: run_attack_method(settings, attacker, classes)


def _plain(options: argparse.Namespace, target: TargetModel, prior: GANPrior) -> None:
    settings = GMI(iterations=options.iterations, restarts=5)
    plain_loop(settings, target, prior, options.rows // 5, PUBLISHED_BATCH // 5)


def _rate(work: Callable[[], object], options: argparse.Namespace) -> float:
    return options.rows * options.iterations / seconds(work, options.repeats)


def training(options: argparse.Namespace) -> None:
    """Print milliseconds of a training batch by defence."""
    shown = pictures(options.steps)
    print(f"\ntraining vgg16, {options.steps} batches of 64: {'ms/batch':>17} {'ratio':>8}")
    plain = None
    for case in CASES:
        running = epochs(case, shown)
        each = 1000 * seconds(lambda running=running: next(running), options.repeats) / options.steps
        plain = plain or each
        print(f"{case.name:40} {each:12.2f} {each / plain:8.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=ARCHITECTURES.kinds, default=["vgg16", "ir152"])
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--rows", type=int, default=1500, help="of GMI, 5 a class")
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--steps", type=int, default=16, help="batches in an epoch")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compiled", action="store_true", help="also with torch.compile, a minute a network")
    options = parser.parse_args()
    single_threaded()
    print(f"machine: {device_name()}, torch {torch.__version__}")
    image_steps(options)
    engine(options)
    training(options)


if __name__ == "__main__":
    main()
