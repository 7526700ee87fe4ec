"""LPIPS: perceptual distance to the nearest private training picture of the class (Zhang et al. 2018)."""

import warnings
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from search_spaces.image_quality import ImageQuality
from trainables.metrics.given_weights import given_weights
from trainables.metrics.metric import Judged, RowMetric
from trainables.weights.fitting import require_fit

BATCH = 32
"""Pictures embedded at once: an embedding of a 64 x 64 picture has up to half a million numbers."""


class PerceptualNetwork(nn.Module):
    """Embeds pictures so that LPIPS (Zhang et al. 2018, version 0.1) is the squared l2 distance.

    LPIPS sums, over layers, the mean over positions of w_c (a_c - b_c)^2 with activations a, b of unit length
    and learnt weights w >= 0; so the embedding is sqrt(w_c / positions) a_c, all layers side by side.
    """

    def __init__(self, network: str, trunk: Mapping[str, Tensor]) -> None:
        """``network``: alex, squeeze or vgg; ``trunk``: its ImageNet weights under torchvision's names.

        Raises ``WeightsMismatch`` for the weights of another network.
        """
        super().__init__()
        published = published_lpips(network)
        self.scaling, self.trunk = published.scaling_layer, published.net
        self.heads = nn.ModuleList(head.model[-1] for head in published.lins)
        _load_trunk(self.trunk, trunk, network)
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the embeddings (B, d) of float ``images`` (B, 1 or 3, S, S) in [0, 1]."""
        layers = self.trunk(self.scaling(2 * images.expand(-1, 3, -1, -1) - 1))
        parts = []
        for activations, head in zip(layers, self.heads, strict=True):
            unit = nn.functional.normalize(activations, eps=1e-10)
            share = cast(Tensor, head.weight) / unit[0, 0].numel()
            parts.append((unit * share.sqrt()).flatten(1))
        return torch.cat(parts, 1)


def load_perceptual_network(settings: ImageQuality) -> PerceptualNetwork | None:
    """Return the network of ``settings``, or ``None`` when they name no trunk.

    Raises ``FileUnusable`` and ``WeightsMismatch``.
    """
    if settings.lpips_trunk is None:
        return None
    tensors = given_weights(settings.lpips_trunk, "image_quality.lpips_trunk")
    return PerceptualNetwork(settings.lpips_network, tensors)


def published_lpips(network: str) -> Any:  # noqa: ANN401  # the package has no types
    """Return ``lpips.LPIPS`` with the heads that the package ships and a trunk without weights."""
    import lpips

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks torchvision in a way that is deprecated
        torch.manual_seed(0)
        return lpips.LPIPS(net=network, pnet_rand=True, verbose=False)


def nearest_distances(network: PerceptualNetwork, reconstructions: Tensor, private: Tensor) -> Tensor:
    """Return the smallest LPIPS distance of each reconstruction to a private picture, float64 (B,).

    Both are float pictures in [0, 1]: (B, C, S, S) of one class, and (N, C, S, S) of the same class.
    """
    smallest = torch.full((len(reconstructions),), torch.inf, dtype=torch.float64)
    with torch.no_grad():
        own = torch.cat([network(part) for part in torch.split(reconstructions, BATCH)])
        for part in torch.split(private, BATCH):
            real = network(part)
            for row, embedding in enumerate(own):
                smallest[row] = min(smallest[row], (real - embedding).square().sum(1).min().double().cpu())
    return smallest


def _load_trunk(trunk: nn.Module, given: Mapping[str, Tensor], network: str) -> None:
    """Load the convolutions; ``slice1.0.weight`` of lpips is ``features.0.weight`` of torchvision."""
    own = {f"features.{name.split('.', 1)[1]}": name for name in trunk.state_dict()}
    body = {name: tensor for name, tensor in given.items() if name in own}
    require_fit({name: trunk.state_dict()[own[name]] for name in own}, body, f"the LPIPS trunk {network}")
    trunk.load_state_dict({own[name]: tensor for name, tensor in body.items()})


def _nearest(judged: Judged) -> Tensor:
    nothing = torch.full((len(judged),), torch.nan, dtype=torch.float64)
    if judged.perceptual_distance is None:
        return nothing
    return torch.where(judged.found, judged.perceptual_distance.double(), nothing)


LPIPS = RowMetric("lpips", "lower", "LPIPS distance", (0.0, torch.inf), _nearest)
"""Mean over found rows of the smallest distance; unknown without weights of the trunk."""
