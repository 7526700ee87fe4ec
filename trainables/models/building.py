"""Builds a target from its settings: seeded initial weights, then pre-trained ones below the head."""

import torch

from search_spaces.architectures import ARCHITECTURES
from search_spaces.pretraining import Pretraining
from search_spaces.targets import TargetSettings
from trainables.implementations import implementation_of
from trainables.models.average_pool import use_average_pool
from trainables.models.pretrained import load_pretrained
from trainables.models.target_model import TargetModel, UnusableResolution


def build_network(architecture: str, num_classes: int, resolution: int) -> TargetModel:
    """Return the network of this kind for square pictures of ``resolution``, with random weights.

    Raises ``UnusableResolution``.
    """
    network = ARCHITECTURES[architecture]
    if reason := network.side_error(resolution):
        raise UnusableResolution(reason)
    model: TargetModel = implementation_of(network)(num_classes, resolution)
    return model


def build_target(settings: TargetSettings, num_classes: int, resolution: int, seed: int) -> TargetModel:
    """Return the target for square pictures of ``resolution``, on the CPU, in training mode, without defence.

    Initial weights depend on ``seed`` alone; those named by ``settings.pretrained`` replace them, except in
    the head and in layers that the pre-trained network lacks. A defence changes the network afterwards
    (``BuiltDefense.network``). Raises ``UnusableResolution``, ``PretrainedUnusable``, ``WeightsMismatch`` for
    a file of another network, and ``trainables.storage.archives.ArchiveError`` without packaged weights.
    The weights of a pre-training of the sweep are not loaded here: they are in a store.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_network(settings.architecture, num_classes, resolution)
    use_average_pool(model)
    if settings.pretrained is not None and not isinstance(settings.pretrained, Pretraining):
        load_pretrained(model, settings.architecture, settings.pretrained)
    return model
