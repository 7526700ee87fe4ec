"""T as the teacher of the attacker's own networks: its class probabilities of the public pictures."""

import copy

import torch
from torch import Tensor, nn

from trainables.attacks.inference import inference_copy, latent_like
from trainables.memory import split_to_fit

BATCH = 128
"""Pictures in one forward pass of T. A constant: labels must not depend on a setting of speed."""


class NoPublicPictures(ValueError):
    """D_pub is too small for an attack that learns from it."""


def require_pictures(public: Tensor) -> None:
    """Raise ``NoPublicPictures`` below two ``public`` pictures: BatchNorm cannot learn from one."""
    if len(public) < 2:
        raise NoPublicPictures(
            f"{len(public)} public pictures: KEDMI and LOMMA train on T's outputs on D_pub; give at least 2"
        )


def public_outputs(target: nn.Module, public: Tensor) -> tuple[Tensor, Tensor]:
    """Return features (N, d) and logits (N, K), on the CPU, of T in eval mode for uint8 ``public`` pictures.

    T stays as it is. Raises ``NoPublicPictures``.
    """
    require_pictures(public)
    ready = inference_copy(target)
    like = latent_like(ready)
    with torch.no_grad():
        parts = split_to_fit(
            public, BATCH, lambda part: ready(part.to(like.device).to(like.dtype) / 255), "labelling D_pub"
        )
    return torch.cat([part.feature.cpu() for part in parts]), torch.cat([part.logits.cpu() for part in parts])


class CachedTeacher:
    """Soft labels of T in eval mode: a function of the picture, so computed once for all of ``public``."""

    def __init__(self, target: nn.Module, public: Tensor) -> None:
        self._labels = public_outputs(target, public)[1].softmax(1)

    def __call__(self, indices: Tensor) -> Tensor:
        """Return the probabilities (B, K) of the public pictures at ``indices``."""
        return self._labels[indices]


class TrainingModeTeacher:
    """Soft labels of a copy of T in training mode, computed batch by batch.

    The published code never puts T into eval mode: BatchNorm uses the statistics of the batch and dropout is
    active, so that the labels of a picture change. The running statistics that drift are those of the copy.
    """

    def __init__(self, target: nn.Module, public: Tensor) -> None:
        require_pictures(public)
        self._target = copy.deepcopy(target).train().requires_grad_(False)
        self._public = public

    def __call__(self, indices: Tensor) -> Tensor:
        """Return the probabilities (B, K) of the public pictures at ``indices``."""
        like = latent_like(self._target)
        pictures = self._public[indices].to(like.device).to(like.dtype) / 255
        with torch.no_grad():
            labels: Tensor = self._target(pictures).logits.softmax(1)
        return labels
