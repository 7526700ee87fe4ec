"""The LPIPS metric, and the network that turns it into a distance of embeddings."""

import math
from pathlib import Path
from typing import Literal

import pytest
import safetensors.torch
import torch
from torch import Tensor

from search_spaces.files import FileUnusable, PinnedFile, pin
from search_spaces.image_quality import ImageQuality
from tests.contracts.metric_contract import RowMetricContract, judged_rows
from trainables.metrics import LPIPS, Judged
from trainables.metrics.lpips import (
    PerceptualNetwork,
    load_perceptual_network,
    nearest_distances,
    published_lpips,
)
from trainables.weights.fitting import WeightsMismatch


class TestLPIPS(RowMetricContract):
    metric = LPIPS

    def slow_row(self, judged: Judged, row: int) -> float:
        assert judged.perceptual_distance is not None
        return float(judged.perceptual_distance[row]) if judged.found[row] else math.nan


def test_without_a_network_nothing_is_measured() -> None:
    judged = judged_rows(0, 0.0)
    blind = Judged(**{**vars(judged), "perceptual_distance": None})
    assert LPIPS.value(blind) is None


def random_trunk(seed: int, network: str) -> dict[str, Tensor]:
    """Return weights under torchvision's names, as a downloaded file has them, with a head of no use here."""
    own = published_lpips(network).net.state_dict()
    random = torch.Generator().manual_seed(seed)
    body = {f"features.{name.split('.', 1)[1]}": tensor for name, tensor in own.items()}
    weights = {name: torch.randn(tensor.shape, generator=random) * 0.05 for name, tensor in body.items()}
    return {**weights, "classifier.6.weight": torch.zeros(3, 2)}


def trunk_from(path: Path, network: Literal["alex", "squeeze"] = "alex") -> ImageQuality:
    return ImageQuality(lpips_network=network, lpips_trunk=PinnedFile(path=path))


def pictures(count: int, seed: int, channels: int = 3) -> Tensor:
    return torch.rand(count, channels, 64, 64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("network", ["alex", "squeeze"])
def test_the_embedding_gives_the_distances_of_the_published_package(network: str) -> None:
    trunk = random_trunk(0, network)
    ours, published = PerceptualNetwork(network, trunk), published_lpips(network)
    state = {name: trunk[f"features.{name.split('.', 1)[1]}"] for name in published.net.state_dict()}
    published.net.load_state_dict(state)
    left, right = pictures(3, 1), pictures(2, 2)
    with torch.no_grad():
        expected = torch.stack(
            [published(one.expand(2, -1, -1, -1), right, normalize=True).flatten() for one in left]
        )
    assert float(expected.min()) > 1e-4
    found = nearest_distances(ours, left, right)
    torch.testing.assert_close(found, expected.amin(1).double(), rtol=1e-4, atol=1e-7)


def test_a_private_picture_is_at_distance_zero_and_grey_ones_are_understood() -> None:
    network = PerceptualNetwork("squeeze", random_trunk(0, "squeeze"))
    private = pictures(3, 5, channels=1)
    found = nearest_distances(network, torch.cat([private[1:2], pictures(1, 6, channels=1)]), private)
    assert float(found[0]) == pytest.approx(0, abs=1e-9)
    assert float(found[1]) > 1e-4


def test_the_trunk_is_read_from_a_file(tmp_path: Path) -> None:
    trunk = random_trunk(0, "squeeze")
    torch.save(trunk, tmp_path / "squeeze.pth")
    safetensors.torch.save_file(trunk, tmp_path / "squeeze.safetensors")
    images = pictures(1, 3)
    expected = PerceptualNetwork("squeeze", trunk)(images)
    for name in ("squeeze.pth", "squeeze.safetensors"):
        settings = trunk_from(tmp_path / name, "squeeze")
        loaded = load_perceptual_network(settings)
        assert loaded is not None
        assert torch.equal(loaded(images), expected)
    assert load_perceptual_network(ImageQuality()) is None


def test_files_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnusable, match=r"lpips_trunk: .* there is no such file"):
        load_perceptual_network(trunk_from(tmp_path / "none.pth"))
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    with pytest.raises(FileUnusable, match="does not hold tensors alone"):
        load_perceptual_network(trunk_from(tmp_path / "broken.pth"))
    torch.save({"epoch": 3}, tmp_path / "other.pth")
    with pytest.raises(FileUnusable, match="does not hold named tensors"):
        load_perceptual_network(trunk_from(tmp_path / "other.pth"))
    torch.save(random_trunk(0, "squeeze"), tmp_path / "squeeze.pth")
    with pytest.raises(WeightsMismatch, match="the LPIPS trunk alex"):
        load_perceptual_network(trunk_from(tmp_path / "squeeze.pth"))
    pinned = pin(trunk_from(tmp_path / "squeeze.pth", "squeeze"), "settings")
    torch.save(random_trunk(1, "squeeze"), tmp_path / "squeeze.pth")
    with pytest.raises(FileUnusable, match="not the expected file"):
        load_perceptual_network(pinned)
