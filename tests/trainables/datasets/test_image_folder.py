"""Image folders: the contract and the split."""

from pathlib import Path

import pytest
import torch

from search_spaces.datasets import ImageFolder
from tldmi_sweep.testing.dataset_contract import DatasetContract, fresh
from tldmi_sweep.testing.tiny_data import tiny_face_data, tiny_image_folder


class TestImageFolder(DatasetContract):
    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls, tmp_path_factory: pytest.TempPathFactory) -> ImageFolder:
        return tiny_image_folder(tmp_path_factory.mktemp("pictures"))

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: ImageFolder) -> ImageFolder:
        return data_settings.model_copy(update={"seed": 1})


class TestGreyImageFolder(DatasetContract):
    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls, tmp_path_factory: pytest.TempPathFactory) -> ImageFolder:
        return tiny_image_folder(tmp_path_factory.mktemp("grey"), channels=1)

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: ImageFolder) -> ImageFolder:
        return data_settings.model_copy(update={"resolution": 16})


@pytest.fixture
def settings(tmp_path: Path) -> ImageFolder:
    return tiny_image_folder(tmp_path)


@pytest.mark.parametrize(("share", "count"), [(0.01, 1), (0.25, 2), (0.5, 4), (0.99, 7)])
def test_the_share_for_testing_leaves_at_least_one_on_each_side(
    settings: ImageFolder, share: float, count: int
) -> None:
    data = fresh(settings.model_copy(update={"test_fraction": share}))
    assert data.private_test.labels.bincount().tolist() == [count] * 4
    assert data.private_train.labels.bincount().tolist() == [8 - count] * 4
    assert len(data.public) == 24


def test_the_pixels_are_those_of_the_files(settings: ImageFolder) -> None:
    data, written = fresh(settings), tiny_face_data()
    everything = torch.cat([data.private_train.images, data.private_test.images]).flatten(1).tolist()
    original = torch.cat([written.private_train.images, written.private_test.images]).flatten(1).tolist()
    assert sorted(everything) == sorted(original)


def test_renaming_files_keeps_the_split(settings: ImageFolder) -> None:
    before = {tuple(row) for row in fresh(settings).private_test.images.flatten(1).tolist()}
    for path in sorted((settings.private.path / "private-1").iterdir()):
        path.rename(path.with_name(f"renamed-{9 - int(path.stem)}.png"))
    assert {tuple(row) for row in fresh(settings).private_test.images.flatten(1).tolist()} == before


def test_a_picture_that_is_twice_in_a_class_counts_once(settings: ImageFolder) -> None:
    before = fresh(settings).content_hash
    for side, folder in (("private", settings.private.path), ("public", settings.public.path)):
        first = folder / f"{side}-0" / "000.png"
        first.with_name("copy.png").write_bytes(first.read_bytes())
    assert fresh(settings).content_hash == before


def test_classes_are_in_the_order_of_their_names(settings: ImageFolder) -> None:
    (settings.private.path / "private-0").rename(settings.private.path / "zoe")
    assert fresh(settings).class_names == ("private-1", "private-2", "private-3", "zoe")
