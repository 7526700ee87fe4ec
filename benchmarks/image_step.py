"""CPU-milliseconds of one white-box step of one image, by T and batch size, beside the bound of its FLOPs.

A step is one forward pass and one backward pass to the input alone of generator, critic and T, of the copies
that attacks use. "T direct" is T without Winograd's algorithm and no part of the sum. The bound is the step's
floating-point operations (torch's counter; of Winograd's algorithm the products) at the rate of this
machine's best large float32 matrix product, measured in the same run: no step of these operations can be
faster. The least of some repeats is taken, of fewer once ``--most-seconds`` are spent on one number, so that
large networks end in bounded time.

    python benchmarks/image_step.py [--networks small_vgg face_resnet vgg16] [--batches 16 32 64]
"""

import argparse
import functools
import math
import platform
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import GMI
from search_spaces.targets import TargetSettings
from trainables.attacks.inference import inference_copy
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.models import build_target

RESOLUTION, Z_DIM, CLASSES, WIDTH = 64, 100, 1000, 64
MATRIX = 1024
"""Side of the matrices whose product measures the machine."""
COUNTED = 8
"""Images whose operations are counted: one alone may be too little for Winograd's algorithm."""

Network = Callable[[Tensor], Tensor]


class Part(NamedTuple):
    """One network of a step, and what goes into it, for a batch of any size."""

    name: str
    network: Network
    inputs: Callable[[int], Tensor]


def parts(architecture: str) -> list[Part]:
    """Return generator, critic, T and T direct of the published widths, with fresh weights."""
    settings = TargetSettings.model_validate({"architecture": architecture})
    trained = build_target(settings, CLASSES, RESOLUTION, seed=0)
    target, direct = inference_copy(trained), inference_copy(trained, GMI(direct_convolution=True))
    torch.manual_seed(0)
    generator = inference_copy(ConvolutionalGenerator(Z_DIM, 3, WIDTH, RESOLUTION))
    critic = inference_copy(Critic(3, WIDTH, RESOLUTION))

    def latents(batch: int) -> Tensor:
        """Return latents (batch, Z_DIM)."""
        return torch.randn(batch, Z_DIM)

    def pictures(batch: int) -> Tensor:
        """Return pictures of the generator, laid out as it lays them out."""
        with torch.no_grad():
            return generator(latents(batch))

    return [
        Part("generator", generator, latents),
        Part("critic", critic, pictures),
        Part("T", lambda images: target(images).logits, pictures),
        Part("T direct", lambda images: direct(images).logits, pictures),
    ]


def step(network: Network, inputs: Tensor) -> None:
    """Take one forward pass and one backward pass to ``inputs``."""
    free = inputs.detach().requires_grad_()
    torch.autograd.grad(network(free).sum(), free)


def cpu_seconds(work: Callable[[], object], repeats: int, most_seconds: float = math.inf) -> float:
    """Return the least CPU time of a call; the first one counts only when there is no time for a second."""
    times: list[float] = []
    while len(times) <= repeats and sum(times) < most_seconds:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times[1:] or times)


def operations(part: Part) -> int:
    """Return the floating-point operations of one step of one image."""
    free = part.inputs(COUNTED).detach().requires_grad_()
    with FlopCounterMode(display=False) as counter:
        part.network(free).sum().backward()  # type: ignore[no-untyped-call]  # the counter knows no grad()
    return counter.get_total_flops() // COUNTED


def best_rate(repeats: int) -> float:
    """Return floating-point operations per CPU-second of a large matrix product."""
    left, right = torch.randn(MATRIX, MATRIX), torch.randn(MATRIX, MATRIX)
    return 2 * MATRIX**3 / cpu_seconds(lambda: left @ right, 4 * repeats)


def main() -> None:
    """Print a table per network."""
    options = _options()
    torch.set_num_threads(1)
    rate = best_rate(options.repeats)
    print(f"machine: {platform.machine()}, torch {torch.__version__}, 1 thread")
    print(f"best matrix product: {rate / 1e9:.0f} GFLOP per CPU-second")
    for architecture in options.networks:
        chosen = parts(architecture)
        print(f"\n{architecture}, CPU-ms per image-step")
        print("batch  " + "".join(f"{part.name:>12}" for part in chosen) + f"{'sum':>12}")
        for batch in options.batches:
            milliseconds = []
            for part in chosen:
                work = functools.partial(step, part.network, part.inputs(batch))
                seconds = cpu_seconds(work, options.repeats, options.most_seconds)
                milliseconds.append(1000 * seconds / batch)
            print(f"{batch:5d}  {columns(milliseconds)}")
        print(f"bound  {columns([1000 * operations(part) / rate for part in chosen])}")


def columns(milliseconds: Sequence[float]) -> str:
    """Return a line: each part's ``milliseconds``, and the sum without T direct."""
    return "".join(f"{each:12.2f}" for each in (*milliseconds, sum(milliseconds[:-1])))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ARCHITECTURES.kinds
    default = ["small_vgg", "face_resnet", "vgg16"]
    parser.add_argument("--networks", nargs="+", choices=names, default=default)
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most-seconds", type=float, default=8.0, help="for one number")
    return parser.parse_args()


if __name__ == "__main__":
    main()
