"""The files of an image folder: every error is found, all at once, and the hash is of the content."""

import shutil
from pathlib import Path

import pytest

from search_spaces.datasets import ImageFolder
from search_spaces.files import PinnedFolder
from tldmi_sweep.testing.dataset_contract import fresh
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables.datasets import check_data, pin_data
from trainables.datasets.image_folder_files import InvalidImageFolder


@pytest.fixture
def settings(tmp_path: Path) -> ImageFolder:
    return tiny_image_folder(tmp_path)


def refusal(settings: ImageFolder) -> str:
    """Return the message with which checking, and loading, refuse the folders."""
    with pytest.raises(InvalidImageFolder) as checked:
        check_data(settings)
    with pytest.raises(InvalidImageFolder) as loaded:
        fresh(settings)
    assert str(loaded.value) == str(checked.value)
    return str(checked.value)


def placed(settings: ImageFolder, **folders: Path) -> ImageFolder:
    """Return the settings with other folders."""
    return settings.model_copy(update={side: PinnedFolder(path=folder) for side, folder in folders.items()})


def hashes(settings: ImageFolder) -> tuple[str | None, str | None]:
    """Return what the two folders hash to."""
    pinned = pin_data(settings)
    assert isinstance(pinned, ImageFolder)
    return pinned.private.sha256, pinned.public.sha256


def keep(folder: Path, count: int) -> None:
    for path in sorted(folder.iterdir())[count:]:
        path.unlink()


def test_good_folders_pass(settings: ImageFolder) -> None:
    check_data(settings)


def test_missing_folders_are_named_together(settings: ImageFolder) -> None:
    missing = placed(
        settings,
        private=Path("/no/private"),
        public=Path("/no/public"),
    )
    message = refusal(missing)
    assert "2 errors" in message
    assert "private folder /no/private: No such file or directory" in message
    assert "public folder /no/public: No such file or directory" in message


def test_a_file_is_no_folder(settings: ImageFolder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refusal(placed(settings, public=tmp_path / "file"))


def test_unreadable_folder(settings: ImageFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    iterate = Path.iterdir

    def denied(folder: Path) -> object:
        if folder.name == "private-1":
            raise PermissionError(13, "Permission denied", str(folder))
        return iterate(folder)

    monkeypatch.setattr(Path, "iterdir", denied)
    assert "private-1: Permission denied; make it readable" in refusal(settings)


def test_empty_folder(settings: ImageFolder, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refusal(placed(settings, private=tmp_path / "empty"))
    assert f"private folder {tmp_path / 'empty'}: no class in it; make one sub-folder per class" in message


def test_pictures_outside_any_class_and_links_are_counted(settings: ImageFolder, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    (flat / "a.png").write_bytes(b"")
    (flat / "link").symlink_to(settings.private.path / "private-0")
    message = refusal(placed(settings, private=flat))
    assert "1 symbolic links, which are not followed and 1 pictures outside any class" in message


def test_one_class(settings: ImageFolder) -> None:
    for name in ("private-1", "private-2", "private-3"):
        shutil.rmtree(settings.private.path / name)
    assert "a single class, 'private-0'; a classifier needs at least 2" in refusal(settings)


def test_too_few_pictures_in_a_class(settings: ImageFolder) -> None:
    keep(settings.private.path / "private-0", 1)
    keep(settings.private.path / "private-2", 0)
    assert "fewer than 2 different pictures in 'private-0', 'private-2'" in refusal(settings)


def test_copies_are_no_different_pictures(settings: ImageFolder) -> None:
    keep(settings.private.path / "private-0", 1)
    only = settings.private.path / "private-0" / "000.png"
    shutil.copy(only, only.with_name("copy.png"))
    assert "fewer than 2 different pictures in 'private-0'" in refusal(settings)


def test_empty_public_class(settings: ImageFolder) -> None:
    keep(settings.public.path / "public-3", 0)
    assert "public: no picture (.bmp, .jpeg, .jpg, .pgm, .png, .webp) in 'public-3'" in refusal(settings)


def test_class_names_on_both_sides(settings: ImageFolder) -> None:
    (settings.public.path / "public-0").rename(settings.public.path / "private-2")
    assert "private and public share the classes 'private-2'" in refusal(settings)


def test_identical_pictures_on_both_sides(settings: ImageFolder) -> None:
    source, copy = (
        settings.private.path / "private-0" / "000.png",
        settings.public.path / "public-1" / "x.png",
    )
    shutil.copy(source, copy)
    assert f"identical pictures in private and public: {source} = {copy}; remove" in refusal(settings)


def test_identical_pictures_of_two_private_classes(settings: ImageFolder) -> None:
    source, copy = (
        settings.private.path / "private-0" / "000.png",
        settings.private.path / "private-1" / "x.png",
    )
    shutil.copy(source, copy)
    assert f"identical pictures in different private classes: {source} = {copy}" in refusal(settings)


def test_corrupt_pictures_are_named(settings: ImageFolder) -> None:
    broken = settings.private.path / "private-0" / "000.png", settings.public.path / "public-2" / "003.png"
    for path in broken:
        path.write_bytes(path.read_bytes()[:60] + path.name.encode())
    message = refusal(settings)
    assert "cannot be read as pictures" in message
    assert all(str(path) in message for path in broken)


def test_long_lists_are_cut(settings: ImageFolder) -> None:
    for path in settings.private.path.glob("*/*.png"):
        path.write_text(str(path))
    assert "and 22 more; repair them or take them out" in refusal(settings)


def test_all_errors_come_at_once(settings: ImageFolder) -> None:
    keep(settings.private.path / "private-0", 1)
    (settings.public.path / "public-0").rename(settings.public.path / "private-2")
    shutil.copy(settings.private.path / "private-1" / "000.png", settings.public.path / "public-1" / "x.png")
    (settings.private.path / "private-3" / "001.png").write_text("not a picture")
    message = refusal(settings.model_copy(update={"private": settings.private.with_hash("0" * 64)}))
    assert "5 errors" in message
    for part in ("fewer than 2", "share the classes", "identical pictures", "001.png", "have changed"):
        assert part in message


def test_hidden_entries_links_and_other_files_are_left_out(settings: ImageFolder, tmp_path: Path) -> None:
    before = hashes(settings)
    (settings.private.path / ".hidden").mkdir()
    (settings.private.path / "link").symlink_to(settings.private.path / "private-0")
    (settings.private.path / "README.txt").write_text("hello")
    (settings.private.path / "private-0" / ".DS_Store").write_text("")
    (settings.private.path / "private-0" / "._000.png").write_text("")
    (settings.private.path / "private-0" / "notes.txt").write_text("")
    (settings.private.path / "private-0" / "deeper").mkdir()
    (settings.private.path / "private-0" / "broken.png").symlink_to(tmp_path / "nowhere.png")
    assert hashes(settings) == before
    check_data(settings)


def test_the_two_folders_themselves_may_be_links(settings: ImageFolder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(settings.private.path)
    assert hashes(placed(settings, private=tmp_path / "link")) == hashes(settings)


def test_content_does_not_depend_on_the_place(settings: ImageFolder, tmp_path: Path) -> None:
    shutil.copytree(settings.private.path, tmp_path / "elsewhere")
    assert hashes(placed(settings, private=tmp_path / "elsewhere")) == hashes(settings)


@pytest.mark.parametrize("change", ["bytes", "file name", "class name", "added", "removed", "side"])
def test_content_changes_with_the_pictures(settings: ImageFolder, change: str) -> None:
    before = hashes(settings)
    first = settings.private.path / "private-0" / "000.png"
    if change == "bytes":
        shutil.copy(settings.public.path / "public-0" / "000.png", first)
    elif change == "file name":
        first.rename(first.with_name("zzz.png"))
    elif change == "class name":
        first.parent.rename(settings.private.path / "zoe")
    elif change == "added":
        shutil.copy(first, first.with_name("copy.png"))
    elif change == "removed":
        first.unlink()
    else:
        settings = settings.model_copy(update={"private": settings.public, "public": settings.private})
    assert hashes(settings) != before


def test_pinned_content_is_checked(settings: ImageFolder) -> None:
    pinned = pin_data(settings)
    assert isinstance(pinned, ImageFolder)
    check_data(pinned)
    assert pin_data(pinned) == pinned
    assert fresh(pinned).content_hash == fresh(settings).content_hash
    (settings.public.path / "public-0" / "000.png").unlink()
    message = refusal(pinned)
    assert "public: the pictures have changed" in message
    assert "private: the pictures have changed" not in message
    assert str(pinned.public.sha256) in message
    assert str(hashes(settings)[1]) in message
