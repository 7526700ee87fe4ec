"""T as a label-only attacker sees it: pictures in, labels out, every picture counted."""

import torch
from torch import Tensor, nn

from trainables.attacks.inference import Engine, inference_copy


class LabelOracle:
    """A function from images in [0, 1] (B, C, S, S) to T's labels, int64 (B,); it gives away nothing else."""

    def __init__(self, target: nn.Module, engine: Engine | None = None) -> None:
        self._target = inference_copy(target, engine)
        self.queries = 0

    def __call__(self, images: Tensor) -> Tensor:
        """Return T's label of each image."""
        self.queries += len(images)
        with torch.inference_mode():
            labels: Tensor = self._target(images).logits.argmax(1)
        return labels
