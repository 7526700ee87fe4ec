"""FID, KID and LPIPS of one attack: in the features of which network, and of which pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from results.stores.store import Store
from search_spaces import identity
from search_spaces.image_quality import ImageQuality
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData, LabelledImages
from trainables.memory import split_to_fit
from trainables.metrics import FID, KID, LPIPS, TOP1, Judged
from trainables.metrics.inception import NAME as INCEPTION
from trainables.metrics.inception import InceptionFeatures, inception_hash, load_inception
from trainables.metrics.lpips import load_perceptual_network, nearest_distances
from trainables.step import device
from trainables.storage.artifacts import load_or_build
from trainables.training.accuracy import unit_range

BATCH = 32
"""Pictures shown at once to Inception, which enlarges them to 299 x 299."""


@dataclass(frozen=True)
class Compared:
    """The rows that FID and KID are measured on, in the features of ``network``."""

    judged: Judged
    network: str


def quality_columns(
    settings: ImageQuality,
    store: Store,
    data: FaceData,
    result: Reconstructions,
    headline: Judged,
    evaluator: str,
) -> dict[str, float | int | str | None]:
    """Return the columns of the attacks table that compare pictures; ``headline`` has its LPIPS distances.

    FID and KID: 8-bit reconstructions against D_priv train of the attacked classes. ``evaluator`` names whose
    features ``headline`` has; they are used unless ``settings`` give the weights of Inception.
    Raises ``FileUnusable`` and ``WeightsMismatch``.
    """
    compared = _compared(settings, store, data, result, headline, evaluator)
    return {
        "fid": FID.value(compared.judged),
        "kid": KID.value(compared.judged),
        "fid_features": compared.network,
        "fid_images": int(compared.judged.found.sum()),
        "lpips": LPIPS.value(headline),
        "lpips_network": settings.lpips_network if settings.lpips_trunk else None,
    }


def with_perceptual_distances(
    settings: ImageQuality, data: FaceData, result: Reconstructions, judged: Judged
) -> Judged:
    """Return ``judged`` with the LPIPS distance of each row to the nearest private picture of its class.

    Unchanged when ``settings`` name no trunk. Raises ``FileUnusable`` and ``WeightsMismatch``.
    """
    network = load_perceptual_network(settings)
    if network is None:
        return judged
    network.to(device())
    train = data.private_train
    distances = torch.zeros(len(result), dtype=torch.float64)
    for wanted in sorted(set(result.class_index[result.found].tolist())):
        rows = result.found & (result.class_index == wanted)
        private = unit_range(train.images[train.labels == wanted])
        distances[rows] = nearest_distances(network, unit_range(result.images[rows]), private)
    return replace(judged, perceptual_distance=distances)


def _compared(
    settings: ImageQuality,
    store: Store,
    data: FaceData,
    result: Reconstructions,
    headline: Judged,
    evaluator: str,
) -> Compared:
    successful = TOP1.per_row(headline) == 1
    found = headline.found & successful if settings.compared == "successful" else headline.found
    chosen = replace(headline, found=found)
    network = load_inception(settings)
    if network is None:
        return Compared(chosen, evaluator)
    network.to(device())
    train = _of_classes(data.private_train, headline.class_index)
    key = identity(
        {
            "pictures": data.content_hash,
            "classes": sorted(set(headline.class_index.tolist())),
            "weights": inception_hash(settings),
        }
    )
    path = f"artifacts/image_features/{key}.safetensors"
    real = load_or_build(store, path, _features_of(network, train.images))["features"]
    features = torch.zeros(len(result), real.shape[1])
    if found.any():
        features[found] = picture_features(network, result.images[found])
    view = replace(chosen, features=features, private_features=real, private_labels=train.labels)
    return Compared(view, INCEPTION)


def _of_classes(pictures: LabelledImages, classes: Tensor) -> LabelledImages:
    wanted = torch.isin(pictures.labels, classes)
    return LabelledImages(pictures.images[wanted], pictures.labels[wanted])


def _features_of(network: InceptionFeatures, images: Tensor) -> Callable[[], dict[str, Tensor]]:
    return lambda: {"features": picture_features(network, images)}


def picture_features(network: InceptionFeatures, images: Tensor) -> Tensor:
    """Return the features, float32 on the CPU, of uint8 ``images``."""
    with torch.inference_mode():
        parts = split_to_fit(images, BATCH, lambda part: network(unit_range(part)).cpu(), "Inception")
        return torch.cat(parts)
