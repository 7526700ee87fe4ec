"""The address of a store: which place a URI means, and what follows from it."""

from pathlib import Path

import pytest

from results.errors import InvalidPath
from results.stores.address import StoreAddress
from results.stores.local import LocalStore


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("runs", Path("runs")),
        ("/data/my runs", Path("/data/my runs")),
        ("file:///data/my%20runs", Path("/data/my runs")),
        ("s3://bucket/runs", None),
        ("memory://mine", None),
    ],
)
def test_a_folder_is_told_from_other_places(uri: str, folder: Path | None) -> None:
    address = StoreAddress.parse(uri)
    assert address.folder == folder
    assert (address.folder is not None) + address.is_bucket + address.is_memory == 1


@pytest.mark.parametrize("uri", ["", "a\0b", "ftp://host/runs", "file://host/runs", "file://"])
def test_what_means_no_place_is_refused(uri: str) -> None:
    with pytest.raises(InvalidPath, match="give the path of a folder"):
        StoreAddress.parse(uri)


@pytest.mark.parametrize(
    "uri", ["s3://", "s3://bucket/runs?speed=1", "s3://me:secret@bucket/runs", "s3://bucket/../runs"]
)
def test_what_means_no_bucket_is_refused_when_it_is_opened(uri: str) -> None:
    with pytest.raises(InvalidPath):
        _ = StoreAddress.parse(uri).bucket_place


def test_a_place_in_the_store_is_shown_without_options() -> None:
    assert StoreAddress.parse("/runs").shown("logs/a.txt") == "/runs/logs/a.txt"
    assert StoreAddress.parse("s3://b/runs?region=eu").shown("logs/a.txt") == "s3://b/runs/logs/a.txt"


def test_a_store_knows_its_address_and_keeps_it_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalStore("runs").address == StoreAddress.parse(str(tmp_path / "runs"))
