"""The private sets but CelebA: contract, classes, splits, and what is refused."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.contracts.downloaded_set_contract import PrivateSetContract, paths
from tests.fixtures import downloads
from tests.fixtures.downloads import settings_of
from trainables.datasets.sets import InvalidDownload, PrivateSet, private_set

NOWHERE = Path("/nowhere")


def read(kind: str, root: Path, **changes: object) -> PrivateSet:
    return private_set(settings_of(kind, root, "ffhq", NOWHERE, **changes))


def legacy_shuffle(items: list[str], seed: int) -> list[str]:
    """Shuffle as the published code does, without disturbing the global state for others."""
    state = np.random.get_state()
    np.random.seed(seed)
    indices = list(range(len(items)))
    np.random.shuffle(indices)
    np.random.set_state(state)
    return [items[index] for index in indices]


class TestFaceScrub(PrivateSetContract):
    kind = "facescrub"
    sizes = (216, 24)

    def test_actors_come_first_and_the_split_is_the_published_one(self, root: Path) -> None:
        found = read("facescrub", root)
        assert found.class_names[:6] == tuple(f"Actor {k}" for k in range(6))
        everything = sorted(str(path.relative_to(root)) for path in root.rglob("*.jpg"))
        shuffled = legacy_shuffle(everything, 42)
        assert paths(found.train) == shuffled[:216]
        assert paths(found.test) == shuffled[216:]
        assert paths(read("facescrub", root, seed=1).test) == legacy_shuffle(everything, 1)[216:]


class TestVGGFace2(PrivateSetContract):
    kind = "vggface2"
    sizes = (108, 12)

    def test_the_test_part_is_not_read(self, root: Path) -> None:
        assert "n000001" not in read("vggface2", root).class_names


class TestStanfordDogs(PrivateSetContract):
    kind = "stanford_dogs"
    sizes = (216, 24)

    def test_the_split_is_of_both_lists_in_their_order(self, root: Path) -> None:
        everything = sorted(str(path.relative_to(root / "Images")) for path in root.rglob("*.jpg"))
        test = [path for number, path in enumerate(everything) if number % 4 == 0]
        lists = [path for path in everything if path not in test] + test
        assert paths(read("stanford_dogs", root).train) == legacy_shuffle(lists, 42)[:216]

    def test_lists_may_lie_in_their_own_folder(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "Images").symlink_to(root / "Images")
        (tmp_path / "lists").mkdir()
        for name in ("train_list.mat", "test_list.mat"):
            shutil.copy(root / name, tmp_path / "lists" / name)
        assert paths(read("stanford_dogs", tmp_path).test) == paths(read("stanford_dogs", root).test)


class TestStanfordCars(PrivateSetContract):
    kind = "stanford_cars"
    sizes = (36, 24)

    def test_labels_and_split_are_the_official_ones(self, root: Path) -> None:
        found = read("stanford_cars", root)
        assert found.class_names[3] == "Maker Model 3 2012"
        assert paths(found.test) == [f"cars_test/{k + 1:05d}.jpg" for k in range(24)]
        assert list(found.train.labels) == [k * 5 % 12 for k in range(36)]


class TestClassFolders(PrivateSetContract):
    kind = "class_folders"
    sizes = (108, 12)


def test_a_tenth_of_each_class_is_for_testing(tmp_path: Path) -> None:
    for name, count in (("a", 2), ("b", 14), ("c", 16)):
        downloads.folders_of(tmp_path, [name], count)
    found = read("class_folders", tmp_path)
    assert [found.test.labels.count(label) for label in range(3)] == [1, 1, 2]
    assert [found.train.labels.count(label) for label in range(3)] == [1, 13, 14]


def test_the_split_does_not_depend_on_the_other_classes(tmp_path: Path) -> None:
    downloads.class_folders(tmp_path, classes=4, each=20)
    before = read("class_folders", tmp_path)
    downloads.folders_of(tmp_path, ["Another"], 5)
    after = read("class_folders", tmp_path)
    assert [path for path in paths(after.test) if "Another" not in path] == paths(before.test)
    assert paths(read("class_folders", tmp_path, seed=9).test) != paths(after.test)


def test_a_class_of_one_picture_is_refused(tmp_path: Path) -> None:
    downloads.class_folders(tmp_path, classes=3)
    downloads.folders_of(tmp_path, ["lonely"], 1)
    with pytest.raises(InvalidDownload, match="a single picture in the classes of lonely"):
        read("class_folders", tmp_path)


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDownload, match="a single class, 'Person 0'"):
        read("class_folders", downloads.class_folders(tmp_path, classes=1))


def test_empty_folders_are_named(tmp_path: Path) -> None:
    downloads.vggface2(tmp_path, people=3)
    for name in ("n9", "n8"):
        (tmp_path / "train" / name).mkdir()
    with pytest.raises(InvalidDownload, match="no picture in n8, n9"):
        read("vggface2", tmp_path)


@pytest.mark.parametrize("layout", ["without faces", "flat"])
def test_facescrub_in_other_layouts(tmp_path: Path, layout: str) -> None:
    if layout == "flat":
        downloads.folders_of(tmp_path, ["Zoe", "Adam", "Ben"], 4)
        assert read("facescrub", tmp_path).class_names == ("Adam", "Ben", "Zoe")
    else:
        downloads.folders_of(tmp_path / "actors", ["Zoe"], 4)
        downloads.folders_of(tmp_path / "actresses", ["Adam"], 4)
        assert read("facescrub", tmp_path).class_names == ("Zoe", "Adam")


def test_facescrub_without_actresses_is_refused(tmp_path: Path) -> None:
    downloads.folders_of(tmp_path / "actors" / "faces", ["Zoe", "Adam"], 4)
    with pytest.raises(InvalidDownload, match="folder of actresses is missing"):
        read("facescrub", tmp_path)


@pytest.mark.parametrize(("kind", "part"), [("stanford_dogs", "Images"), ("stanford_cars", "cars_train")])
def test_listed_pictures_that_are_missing(
    tmp_path: Path, kind: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = downloads.WRITERS[kind](tmp_path)
    counts = {"stanford_dogs": {"BREEDS": 12, "PICTURES": 240}}
    counts["stanford_cars"] = {"MODELS": 12, "TRAINING": 36, "TEST": 24}
    for name, count in counts[kind].items():
        monkeypatch.setattr(f"trainables.datasets.sets.{kind}.{name}", count)
    whole = read(kind, root, partial=False)
    gone = sorted((root / part).rglob("*.jpg"))[3]
    gone.unlink()
    with pytest.raises(InvalidDownload, match=rf"1 of \d+ pictures are missing: .*{gone.name}"):
        read(kind, root, partial=False)
    left = read(kind, root)
    assert len(left.train.files) + len(left.test.files) == len(whole.train.files) + len(whole.test.files) - 1


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file" + bytes(200), b"no matlab"])
def test_broken_lists_are_refused(tmp_path: Path, content: bytes) -> None:
    root = downloads.stanford_dogs(tmp_path, breeds=2, each=4)
    (root / "test_list.mat").write_bytes(content)
    with pytest.raises(InvalidDownload, match=r"test_list\.mat: no readable MATLAB file with file_list"):
        read("stanford_dogs", root)


def test_the_global_random_states_are_left_alone(tmp_path: Path) -> None:
    root = downloads.facescrub(tmp_path, people=2, each=3)
    before = np.random.get_state()[1].copy(), random.getstate()
    read("facescrub", root)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert random.getstate() == before[1]
