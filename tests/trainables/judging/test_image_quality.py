"""Which pictures FID, KID and LPIPS compare, and in which features."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces.files import PinnedFile
from search_spaces.image_quality import ImageQuality
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.attacks import Reconstructions
from trainables.judging import image_quality
from trainables.judging.image_quality import quality_columns, with_perceptual_distances
from trainables.metrics import FID, KID, LPIPS, Judged

DATA = tiny_face_data(classes=4, resolution=16)
CLASSES, RESTARTS = 3, 2


class Colours(nn.Module):
    """The features of a picture are the mean and the corner of each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def forward(self, images: Tensor) -> Tensor:
        """Return features (B, 6) of float ``images`` in [0, 1]."""
        assert images.dtype == torch.float32
        assert 0 <= images.min() <= images.max() <= 1
        self.shown += len(images)
        return torch.cat([images.mean((2, 3)), images[:, :, 0, 0]], 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path), create=True)


def rows() -> tuple[Reconstructions, Judged]:
    """Return six rows of three of the four classes, one without a picture, three recognised."""
    count = CLASSES * RESTARTS
    random = torch.Generator().manual_seed(0)
    classes = torch.arange(CLASSES).repeat_interleave(RESTARTS)
    restarts = torch.arange(RESTARTS).repeat(CLASSES)
    found = torch.tensor([True, True, False, True, True, True])
    images = torch.randint(0, 256, (count, 3, 16, 16), generator=random).to(torch.uint8)
    scores = nn.functional.one_hot(torch.tensor([0, 3, 1, 1, 2, 0]), 4).float()
    zeros = torch.zeros(count, dtype=torch.int64)
    result = Reconstructions(torch.zeros(count, 2), images, classes, restarts, found, zeros, 0)
    judged = Judged(
        class_index=classes,
        restart=restarts,
        found=found,
        scores=scores,
        features=torch.randn(count, 5, generator=random),
        target_probability=torch.zeros(count),
        private_features=torch.randn(len(DATA.private_train), 5, generator=random),
        private_labels=DATA.private_train.labels,
    )
    return result, judged


def test_without_weights_the_evaluators_features_are_used(store: Store) -> None:
    result, judged = rows()
    columns = quality_columns(ImageQuality(), store, DATA, result, judged, "sface")
    assert columns["fid"] == FID.value(judged)
    assert columns["kid"] == KID.value(judged)
    assert (columns["fid_features"], columns["fid_images"]) == ("sface", 5)
    assert (columns["lpips"], columns["lpips_network"]) == (None, None)


def test_the_published_rule_takes_the_recognised_alone(store: Store) -> None:
    result, judged = rows()
    settings = ImageQuality(compared="successful")
    columns = quality_columns(settings, store, DATA, result, judged, "sface")
    recognised = torch.tensor([True, False, False, True, True, False])
    assert columns["fid_images"] == 3
    assert columns["fid"] == FID.value(dataclasses.replace(judged, found=recognised))


def test_inception_sees_the_private_pictures_of_the_attacked_classes_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights.pth").write_bytes(b"as if")
    network = Colours()
    monkeypatch.setattr(image_quality, "load_inception", lambda settings: network)
    result, judged = rows()
    settings = ImageQuality(inception=PinnedFile(path=tmp_path / "weights.pth"))
    columns = quality_columns(settings, store, DATA, result, judged, "sface")
    train = DATA.private_train
    attacked = train.labels < CLASSES
    assert network.shown == int(attacked.sum()) + 5
    expected = dataclasses.replace(
        judged,
        features=Colours()(result.images.float() / 255),
        private_features=Colours()(train.images[attacked].float() / 255),
        private_labels=train.labels[attacked],
    )
    assert columns["fid"] == pytest.approx(FID.value(expected), rel=1e-4)
    assert columns["fid_features"] == "inception_2015"
    again = quality_columns(settings, store, DATA, result, judged, "sface")
    assert again == columns
    assert network.shown == int(attacked.sum()) + 10


class Embedding(Colours):
    """Stands for the network of LPIPS."""


def test_lpips_looks_for_the_nearest_private_picture_of_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    result, judged = rows()
    assert with_perceptual_distances(ImageQuality(), DATA, result, judged) is judged
    monkeypatch.setattr(image_quality, "load_perceptual_network", lambda settings: Embedding())
    measured = with_perceptual_distances(ImageQuality(lpips_trunk=Path("trunk.pth")), DATA, result, judged)
    found = LPIPS.per_row(measured)
    assert found.isnan().tolist() == (~result.found).tolist()
    embed, train = Embedding(), DATA.private_train
    for row in result.found.nonzero()[:, 0].tolist():
        own = embed(result.images[row : row + 1].float() / 255)
        real = embed(train.images[train.labels == result.class_index[row]].float() / 255)
        smallest = min(float((own - one).square().sum()) for one in real)
        assert float(found[row]) == pytest.approx(smallest, rel=1e-4)
