"""The public sets: contract, which folders are read, and that every set has its contract test."""

import ast
from pathlib import Path

import pytest

from search_spaces.datasets import PRIVATE_SETS, PUBLIC_SETS
from tests.contracts.downloaded_set_contract import PublicSetContract, paths
from tests.fixtures import downloads
from tests.fixtures.downloads import settings_of
from trainables.datasets.sets import InvalidDownload, PublicSet, public_set


def read(kind: str, root: Path, **changes: object) -> PublicSet:
    return public_set(settings_of("class_folders", Path("/nowhere"), kind, root, **changes))


class TestFaceScrub(PublicSetContract):
    kind = "facescrub"
    size, classes = 240, 12


class TestFFHQ(PublicSetContract):
    kind = "ffhq"
    size, classes = 24, 1


class TestMetFaces(PublicSetContract):
    kind = "metfaces"
    size, classes = 12, 1


class TestLSUNCars(PublicSetContract):
    kind = "lsun_cars"
    size, classes = 12, 1
    any_count = True


class TestAFHQDogs(PublicSetContract):
    kind = "afhq_dogs"
    size, classes = 24, 1

    def test_cats_are_left_out(self, root: Path) -> None:
        assert all("/dog/" in path for path in paths(read("afhq_dogs", root).pictures))


class TestClassFolders(PublicSetContract):
    kind = "class_folders"
    size, classes = 120, 12
    any_count = True


def test_ffhq_takes_the_smallest_folder_that_is_large_enough(tmp_path: Path) -> None:
    painter = downloads.Painter()
    for name, side in (("thumbnails128x128", 128), ("images1024x1024", 256)):
        painter.paint("face", tmp_path / name / "00000" / "00000.png", (side, side))
    sides = {
        resolution: paths(read("ffhq", tmp_path, resolution=resolution).pictures)[0].partition("/")[0]
        for resolution in (64, 88, 96, 512)
    }
    assert sides == {
        64: "thumbnails128x128",
        88: "thumbnails128x128",
        96: "images1024x1024",
        512: "images1024x1024",
    }


def test_ffhq_pictures_may_lie_flat(tmp_path: Path) -> None:
    for number in range(3):
        downloads.Painter().paint(f"{number}", tmp_path / f"{number:05d}.png", (256, 256))
    assert paths(read("ffhq", tmp_path).pictures) == ["00000.png", "00001.png", "00002.png"]


def test_the_database_of_lsun_must_be_exported(tmp_path: Path) -> None:
    (tmp_path / "car_lmdb").mkdir()
    (tmp_path / "car_lmdb" / "data.mdb").write_bytes(b"")
    with pytest.raises(InvalidDownload, match="export its pictures"):
        read("lsun_cars", tmp_path)


def test_version_two_of_afhq(tmp_path: Path) -> None:
    downloads.afhq_dogs(tmp_path)
    (tmp_path / "val").rename(tmp_path / "test")
    assert len(read("afhq_dogs", tmp_path).pictures.files) == 24


def test_every_set_has_a_contract_test() -> None:
    found: dict[str, set[str]] = {"PrivateSetContract": set(), "PublicSetContract": set()}
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.bases:
                kinds = [
                    s.value
                    for s in node.body
                    if isinstance(s, ast.Assign) and "kind" in ast.unparse(s.targets)
                ]
                found.setdefault(ast.unparse(node.bases[0]), set()).update(map(ast.literal_eval, kinds))
    assert found["PrivateSetContract"] == set(PRIVATE_SETS.kinds)
    assert found["PublicSetContract"] == set(PUBLIC_SETS.kinds)
