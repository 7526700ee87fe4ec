"""The 2015 Inception graph: where it differs from torchvision's, and which files it takes."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import Inception3

from search_spaces.files import PinnedFile
from search_spaces.image_quality import ImageQuality
from trainables.metrics.inception import (
    InceptionFeatures,
    LastBlock,
    WithoutPadding,
    load_inception,
    resized_like_2015,
)
from trainables.weights.fitting import WeightsMismatch


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Return random weights under the names of the published file, which has no batch counters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = Inception3(num_classes=1008, aux_logits=False, init_weights=False).state_dict()
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def test_pools_leave_the_padding_out() -> None:
    inputs = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    counted = nn.functional.avg_pool2d(inputs, 3, stride=1, padding=1)
    expected = nn.functional.avg_pool2d(inputs, 3, stride=1, padding=1, count_include_pad=False)
    torch.testing.assert_close(WithoutPadding()(counted), expected)


def test_the_last_block_takes_the_maximum_and_nothing_else_changes() -> None:
    block = Inception3(num_classes=3, aux_logits=False, init_weights=False).eval().Mixed_7c
    flat = torch.ones(1, 2048, 4, 4)  # without padding's zeros, mean and maximum of a constant agree inside
    with torch.no_grad():
        ours, theirs = LastBlock(block)(flat), block(flat)
    assert ours.shape == theirs.shape == (1, 2048, 4, 4)
    torch.testing.assert_close(ours[:, :-192], theirs[:, :-192])
    torch.testing.assert_close(ours[:, -192:, 1:-1, 1:-1], theirs[:, -192:, 1:-1, 1:-1])
    assert not torch.allclose(ours[:, -192:, 0, 0], theirs[:, -192:, 0, 0])


def test_resizing_looks_at_i_times_s_over_299() -> None:
    image = torch.rand(1, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    found = resized_like_2015(image, size=16)[0, 0]
    for row, column in [(0, 0), (3, 9), (15, 15), (8, 1)]:
        y, x = row * 7 / 16, column * 7 / 16
        top, left = int(y), int(x)
        below, right = min(top + 1, 6), min(left + 1, 6)
        upper = image[0, 0, top, left] * (1 - (x - left)) + image[0, 0, top, right] * (x - left)
        lower = image[0, 0, below, left] * (1 - (x - left)) + image[0, 0, below, right] * (x - left)
        expected = upper * (1 - (y - top)) + lower * (y - top)
        assert float(found[row, column]) == pytest.approx(float(expected), abs=1e-6)


def test_features_come_from_eight_bit_pictures_and_a_file(weights: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(weights, tmp_path / "pt_inception.pth")
    network = load_inception(ImageQuality(inception=PinnedFile(path=tmp_path / "pt_inception.pth")))
    assert network is not None
    grey = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = network(grey)
    assert features.shape == (2, 2048)
    assert not torch.allclose(features[0], features[1])
    assert load_inception(ImageQuality()) is None


def test_torchvisions_own_weights_are_refused() -> None:
    other = Inception3(num_classes=1000, aux_logits=False, init_weights=False).state_dict()
    with pytest.raises(WeightsMismatch, match=r"fc\.weight \(1000, 2048\) instead of \(1008, 2048\)"):
        InceptionFeatures(other)
