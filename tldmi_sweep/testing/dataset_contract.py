"""What every data set must be."""

import hashlib
from typing import ClassVar

import numpy as np
import pytest
import torch

from search_spaces.datasets import DATASETS, DataSettings
from trainables.datasets import count_pictures, load_data, private_classes
from trainables.datasets.dataset import FaceData, LabelledImages


def fresh(settings: DataSettings) -> FaceData:
    """Load again, past the memory of this process."""
    return load_data.__wrapped__(settings)


def pictures(split: LabelledImages) -> list[str]:
    return [hashlib.sha256(image.numpy().tobytes()).hexdigest() for image in split.images]


class DatasetContract:
    """Inherit it as ``class TestMine(DatasetContract): settings, other = Mine(), Mine(seed=1)``.

    Data that lie in files redefine the class-scoped fixtures ``data_settings`` and ``other_settings``.
    """

    settings: ClassVar[DataSettings]
    """Small settings."""
    other: ClassVar[DataSettings]
    """Settings of the same kind whose pictures are made or split differently."""

    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls) -> DataSettings:
        """Return the settings that are tested."""
        return cls.settings

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls) -> DataSettings:
        """Return settings of the same kind whose pictures are made or split differently."""
        return cls.other

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, data_settings: DataSettings) -> FaceData:
        """Return the pictures of the settings."""
        return load_data(data_settings)

    def test_is_registered(self, data_settings: DataSettings, data: FaceData) -> None:
        assert DATASETS[data_settings.kind] is type(data_settings)
        assert data.name == data_settings.kind

    def test_shapes_and_types(self, data: FaceData) -> None:
        for split in (data.private_train, data.private_test, data.public):
            assert split.images.dtype == torch.uint8
            assert split.images.shape == (len(split), data.channels, data.resolution, data.resolution)
            assert split.images.is_contiguous()
            assert split.labels.dtype == torch.int64
            assert split.labels.shape == (len(split),)
        assert data.channels in {1, 3}
        assert data.resolution % 16 == 0

    def test_settings_know_what_is_loaded(self, data_settings: DataSettings, data: FaceData) -> None:
        assert data_settings.side == data.resolution
        assert private_classes(data_settings) == data.num_classes
        assert bool(data.attributes) == data_settings.has_attributes

    def test_pictures_are_counted_as_they_are_loaded(
        self, data_settings: DataSettings, data: FaceData
    ) -> None:
        found = count_pictures(data_settings)
        if found is None:  # not known beforehand
            return
        assert list(found.train) == torch.bincount(data.private_train.labels).tolist()
        assert list(found.test) == torch.bincount(data.private_test.labels).tolist()
        assert sorted(found.public) == sorted(torch.bincount(data.public.labels).tolist())

    def test_every_class_is_in_train_and_test(self, data: FaceData) -> None:
        classes = list(range(data.num_classes))
        assert data.num_classes >= 2
        assert sorted(set(data.private_train.labels.tolist())) == classes
        assert sorted(set(data.private_test.labels.tolist())) == classes
        public = sorted(set(data.public.labels.tolist()))
        assert public == list(range(len(data.public_class_names)))

    def test_private_and_public_people_are_different(self, data: FaceData) -> None:
        names = data.class_names + data.public_class_names
        assert len(set(names)) == len(names)
        private = pictures(data.private_train) + pictures(data.private_test)
        assert set(private).isdisjoint(pictures(data.public))

    def test_no_picture_is_in_train_and_test(self, data: FaceData) -> None:
        assert set(pictures(data.private_train)).isdisjoint(pictures(data.private_test))

    def test_no_picture_is_blank(self, data: FaceData) -> None:
        for split in (data.private_train, data.private_test, data.public):
            assert int(split.images.flatten(1).float().std(dim=1).gt(1).sum()) == len(split)

    def test_loading_again_gives_the_same_bits(self, data_settings: DataSettings, data: FaceData) -> None:
        torch.manual_seed(1)
        again = fresh(data_settings)
        assert again.content_hash == data.content_hash
        assert again.class_names == data.class_names
        assert again.public_class_names == data.public_class_names
        for name in ("private_train", "private_test", "public"):
            one, other = getattr(data, name), getattr(again, name)
            assert torch.equal(one.images, other.images)
            assert torch.equal(one.labels, other.labels)

    def test_the_global_random_states_are_left_alone(self, data_settings: DataSettings) -> None:
        before = torch.get_rng_state(), repr(np.random.get_state())
        fresh(data_settings)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert repr(np.random.get_state()) == before[1]

    def test_other_settings_give_another_hash(self, other_settings: DataSettings, data: FaceData) -> None:
        assert other_settings.kind == data.name
        assert load_data(other_settings).content_hash != data.content_hash

    def test_is_loaded_once_a_process(self, data_settings: DataSettings) -> None:
        assert load_data(data_settings) is load_data(data_settings.model_copy())

    def test_attributes_cover_every_class(self, data: FaceData) -> None:
        assert data.attributes.keys() == data.public_attributes.keys()
        for values in data.attributes.values():
            assert len(values) == data.num_classes
        for values in data.public_attributes.values():
            assert len(values) == len(data.public_class_names)

    def test_has_a_credit_line(self, data: FaceData) -> None:
        assert data.credit
