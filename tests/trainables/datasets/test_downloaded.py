"""Pairs of downloaded sets: the contract, what is pinned, what is refused, and how pictures are held."""

import hashlib
import os
import shutil
import warnings
from pathlib import Path

import pytest
import torch

from search_spaces.datasets import PRIVATE_SETS, PUBLIC_SETS, DownloadedSets
from search_spaces.files import PinnedFolder
from tests.fixtures import downloads
from tests.fixtures.downloads import settings_of
from tldmi_sweep.testing.dataset_contract import DatasetContract, fresh
from trainables.datasets import check_data, describe, load_data, prepare_data
from trainables.datasets.downloaded_files import pinned
from trainables.datasets.sets import InvalidDownload
from trainables.storage.cache import CACHE_VARIABLE


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder


class TestCelebA(DatasetContract):
    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls, tmp_path_factory: pytest.TempPathFactory) -> DownloadedSets:
        root = downloads.celeba(tmp_path_factory.mktemp("celeba"))
        return settings_of("celeba", root, "celeba", root)

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: DownloadedSets) -> DownloadedSets:
        return data_settings.model_copy(update={"seed": 1})


class TestDogsAndFaces(DatasetContract):
    """Sets of different kinds; one public class without names."""

    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls, tmp_path_factory: pytest.TempPathFactory) -> DownloadedSets:
        roots = [tmp_path_factory.mktemp(name) for name in ("vggface2", "ffhq")]
        return settings_of("vggface2", downloads.vggface2(roots[0]), "ffhq", downloads.ffhq(roots[1]))

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: DownloadedSets) -> DownloadedSets:
        return data_settings.model_copy(update={"resolution": 48})


@pytest.fixture
def folders(tmp_path: Path) -> DownloadedSets:
    private = downloads.class_folders(tmp_path / "private", classes=3, each=6)
    public = downloads.class_folders(tmp_path / "public", classes=3, each=4, prefix="Stranger")
    return settings_of("class_folders", private, "class_folders", public)


def refusal(settings: DownloadedSets) -> str:
    """Return the message with which checking, and loading, refuse the sets."""
    with pytest.raises(InvalidDownload) as checked:
        check_data(settings)
    with pytest.raises(InvalidDownload) as loaded:
        fresh(settings)
    assert str(loaded.value) == str(checked.value)
    return str(checked.value)


def test_pictures_are_backed_by_the_cache_without_warnings(folders: DownloadedSets, cache: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = fresh(folders)
    maps = Path("/proc/self/maps").read_text()
    held = {line.split()[-1] for line in maps.splitlines() if "pixels.u8" in line}
    stored = {str(path) for path in cache.rglob("pixels.u8")}
    assert len(held & stored) >= 3
    batch = data.private_train.images[torch.tensor([3, 1])]
    assert batch.shape == (2, 3, 32, 32)


def test_loading_decodes_nothing_once_it_is_prepared(
    folders: DownloadedSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_data(folders)

    def refuse(*_given: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr("trainables.datasets.picture_cache.framed", refuse)
    assert len(fresh(folders).private_train) == 15


def hashes(settings: DownloadedSets) -> tuple[str | None, str | None]:
    """Return what the splits of the two sets hash to."""
    found = pinned(settings)
    return found.private.root.sha256, found.public.root.sha256


def test_the_split_is_pinned_in_a_file_of_that_hash(folders: DownloadedSets, cache: Path) -> None:
    check_data(folders)
    lines = []
    for digest in hashes(folders):
        text = (cache / "splits" / f"{digest}.txt").read_bytes()
        assert hashlib.sha256(text).hexdigest() == digest
        lines += [line.split("\t") for line in text.decode().splitlines() if line[0] != "#"]
    data = fresh(folders)
    by_role = {role: [line for line in lines if line[0] == role] for role in ("train", "test", "public")}
    assert [len(by_role[role]) for role in by_role] == [
        len(data.private_train),
        len(data.private_test),
        len(data.public),
    ]
    assert [int(line[1]) for line in by_role["train"]] == data.private_train.labels.tolist()
    for _, _, size, path in by_role["test"]:
        assert (folders.private.root.path / path).stat().st_size == int(size)


def test_content_does_not_depend_on_the_place_or_time(folders: DownloadedSets, tmp_path: Path) -> None:
    before = hashes(folders), fresh(folders).content_hash
    moved = tmp_path / "elsewhere"
    shutil.copytree(folders.private.root.path, moved)
    for path in moved.rglob("*.png"):
        os.utime(path, ns=(0, 1))
    private = folders.private.model_copy(update={"root": PinnedFolder(path=moved)})
    copied = folders.model_copy(update={"private": private})
    assert (hashes(copied), fresh(copied).content_hash) == before


@pytest.mark.parametrize("change", ["added", "removed", "renamed", "other pixels", "seed", "resolution"])
def test_content_and_hash_follow_the_pictures(folders: DownloadedSets, change: str) -> None:
    before = hashes(folders), fresh(folders).content_hash
    first = sorted(folders.private.root.path.rglob("*.png"))[0]
    if change == "added":
        downloads.Painter(9).paint("new", first.with_name("zz.png"))
    elif change == "removed":
        first.unlink()
    elif change == "renamed":
        first.parent.rename(first.parent.with_name("Zoe"))
    elif change == "other pixels":
        downloads.Painter(9).paint("new", first, (90, 90))
    else:
        folders = folders.model_copy(update={change: 48})
    # The content says which pictures have which role, the hash which pixels came of them.
    assert (hashes(folders) != before[0]) == (change != "resolution")
    assert fresh(folders).content_hash != before[1]


def test_pinned_content_is_checked(
    folders: DownloadedSets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = folders.model_copy(
        update={"private": folders.private.model_copy(update={"root": PinnedFolder(path=Path("private"))})}
    )
    settings = pinned(relative)
    assert settings.private.root.path == tmp_path / "private"
    assert (settings.private.root.sha256, settings.public.root.sha256) == hashes(folders)
    assert pinned(settings) == settings
    check_data(settings)
    sorted(folders.public.root.path.rglob("*.png"))[0].unlink()
    message = refusal(settings)
    assert "public: the pictures or their split have changed" in message
    assert "private: the pictures" not in message
    assert str(settings.public.root.sha256) in message


def test_what_is_wrong_on_both_sides_is_told_at_once(folders: DownloadedSets, tmp_path: Path) -> None:
    missing = settings_of("celeba", tmp_path / "c", "metfaces", tmp_path / "m")
    message = refusal(missing)
    assert f"data celeba={tmp_path / 'c'},metfaces={tmp_path / 'm'}: 2 errors:" in message
    assert (
        f"the list of identities is missing: there is no {tmp_path / 'c' / 'identity_CelebA.txt'}" in message
    )
    assert "the folder of pictures is missing" in message


def test_shared_classes_are_refused_however_they_are_written(folders: DownloadedSets) -> None:
    (folders.public.root.path / "Stranger 1").rename(folders.public.root.path / "person_2")
    assert "private and public share the classes Person 2;" in refusal(folders)


def test_the_same_folder_on_both_sides_is_refused(folders: DownloadedSets) -> None:
    assert "share the classes" in refusal(folders.model_copy(update={"public": folders.private}))


def test_private_people_of_one_variant_are_not_public_in_another(tmp_path: Path) -> None:
    root = downloads.celeba(tmp_path)
    mixed = settings_of(
        "celeba",
        root,
        "celeba",
        root,
        public={"kind": "celeba", "root": root, "variant": "ppa"},
        private_classes=4,
    )
    assert "share the classes celeba-15, celeba-21;" in refusal(mixed)


def test_a_file_on_both_sides_is_refused_by_its_bytes(folders: DownloadedSets) -> None:
    source = sorted(folders.private.root.path.rglob("*.png"))[3]
    shutil.copy(source, folders.public.root.path / "Stranger 0" / "copy.png")
    for attempt in (prepare_data, fresh):
        with pytest.raises(InvalidDownload, match=rf"{source.name} = Stranger 0/copy\.png; remove"):
            attempt(folders)


def test_a_corrupt_picture_is_refused_before_a_sweep(folders: DownloadedSets) -> None:
    broken = sorted(folders.public.root.path.rglob("*.png"))[2]
    broken.write_bytes(broken.read_bytes()[:90])
    check_data(folders)
    with pytest.raises(InvalidDownload, match=broken.name):
        prepare_data(folders)


def test_every_pair_of_sets_loads(tmp_path: Path) -> None:
    """Small copies of all sets; of each private set with the first public one, and the other way round."""
    roots = {kind: write(tmp_path / kind) for kind, write in downloads.WRITERS.items() if kind != "celeba"}
    pairs = [(kind, "ffhq") for kind in PRIVATE_SETS.kinds if kind != "celeba"]
    pairs += [("stanford_cars", kind) for kind in PUBLIC_SETS.kinds if kind != "celeba"]
    for private, public in pairs:
        data = load_data(settings_of(private, roots[private], public, roots[public]))
        assert data.channels == 3
        assert len(data.private_train) > len(data.private_test) > 0
        assert data.num_classes == 12
        assert len(data.public) >= 12
        assert data.credit.count("(") >= 2


def test_all_data_are_described() -> None:
    found = {kind.name: kind for kind in describe()}
    assert found.keys() == {
        "orl_faces",
        "drawn_persons",
        "image_folder",
        *PRIVATE_SETS.kinds,
        *PUBLIC_SETS.kinds,
    }
    assert all(kind.needs and kind.terms for kind in found.values())
    assert found["orl_faces"].present is False  # an empty cache
    assert found["celeba"].present is None
    assert found["celeba"].roles == ("private", "public")
    assert found["ffhq"].roles == ("public",)
