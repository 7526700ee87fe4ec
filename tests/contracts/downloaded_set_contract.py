"""What every downloaded set must be, on its private and on its public side.

Inherit, set ``kind``; the files are those that ``tests.fixtures.downloads`` writes. Private sets define
``sizes``: training and test pictures of the small copy; public sets ``size`` and ``classes``.
"""

from pathlib import Path

import pytest

from search_spaces.datasets import PRIVATE_SETS, PUBLIC_SETS, DownloadedSets
from tests.fixtures.downloads import WRITERS, settings_of
from trainables.datasets.framing import framed
from trainables.datasets.sets import InvalidDownload, about, private_set, public_set
from trainables.datasets.sets.pictures import Part


def paths(part: Part) -> list[str]:
    return [file.path for file in part.files]


class SetContract:
    """What both sides share."""

    kind: str

    @pytest.fixture(scope="class")
    @classmethod
    def root(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return WRITERS[cls.kind](tmp_path_factory.mktemp(cls.kind))

    def check_part(self, part: Part, classes: int) -> None:
        assert len(part.files) == len(part.labels) == len(set(paths(part)))
        assert set(part.labels) <= set(range(classes))
        for file in part.files[:2]:
            status = (part.root / file.path).stat()
            assert (status.st_size, status.st_mtime_ns) == (file.size, file.changed)
            assert framed(part.root / file.path, part.framing, 16).shape == (3, 16, 16)

    def test_says_what_it_needs(self) -> None:
        text = about(next(own for own in (*PRIVATE_SETS, *PUBLIC_SETS) if own.kind_name() == self.kind))
        assert all((text.title, text.layout, text.published, text.terms))


class PrivateSetContract(SetContract):
    """Tests that each private set passes."""

    sizes: tuple[int, int]

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, root: Path) -> DownloadedSets:
        return settings_of(cls.kind, root, "ffhq", Path("/nowhere"))

    def test_training_and_test_pictures_do_not_meet(self, settings: DownloadedSets) -> None:
        found = private_set(settings)
        assert (len(found.train.files), len(found.test.files)) == self.sizes
        assert set(paths(found.train)).isdisjoint(paths(found.test))
        assert len(set(found.class_names)) == len(found.class_names)
        assert sorted(set(found.train.labels)) == list(range(len(found.class_names)))
        assert self.kind in found.rule
        for part in (found.train, found.test):
            self.check_part(part, len(found.class_names))

    def test_is_the_same_again(self, settings: DownloadedSets) -> None:
        assert private_set(settings) == private_set(settings)

    def test_fewer_classes_keep_their_pictures_and_roles(self, settings: DownloadedSets) -> None:
        """Of a part of CelebA the list itself gets shorter, which for ``gmi`` comes to the same."""
        everything = private_set(settings)
        some = private_set(settings.model_copy(update={"private_classes": 3}))
        assert some.class_names == everything.class_names[:3]
        for part, whole in ((some.train, everything.train), (some.test, everything.test)):
            expected = [
                (path, label) for path, label in zip(paths(whole), whole.labels, strict=True) if label < 3
            ]
            assert list(zip(paths(part), part.labels, strict=True)) == expected

    def test_more_classes_than_there_are_is_refused(self, settings: DownloadedSets) -> None:
        with pytest.raises(InvalidDownload, match="private_classes"):
            private_set(settings.model_copy(update={"private_classes": 1001}))

    def test_a_part_is_refused_unless_accepted(self, settings: DownloadedSets) -> None:
        if self.kind == "class_folders":
            private_set(settings.model_copy(update={"partial": False}))
            return
        with pytest.raises(InvalidDownload, match=r"missing.*data\.partial"):
            private_set(settings.model_copy(update={"partial": False}))

    def test_a_wrong_folder_is_named(self, settings: DownloadedSets, tmp_path: Path) -> None:
        for root in (tmp_path, tmp_path / "absent"):
            own = PRIVATE_SETS.validate({"kind": self.kind, "root": root})
            with pytest.raises(InvalidDownload, match=str(root)):
                private_set(settings.model_copy(update={"private": own}))


class PublicSetContract(SetContract):
    """Tests that each public set passes."""

    size: int
    classes: int
    any_count: bool = False
    """No count is published, so that a part cannot be told from the whole."""

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, root: Path) -> DownloadedSets:
        return settings_of("class_folders", Path("/nowhere"), cls.kind, root)

    def test_all_pictures_are_there(self, settings: DownloadedSets) -> None:
        found = public_set(settings)
        assert len(found.pictures.files) == self.size
        assert len(found.class_names) == self.classes
        assert sorted(set(found.pictures.labels)) == list(range(self.classes))
        assert self.kind in found.rule
        self.check_part(found.pictures, self.classes)

    def test_fewer_are_drawn_by_the_seed(self, settings: DownloadedSets) -> None:
        everything = public_set(settings)
        names = dict(zip(paths(everything.pictures), everything.pictures.labels, strict=True))
        few = settings.model_copy(update={"public_images": 7})
        drawn = public_set(few)
        assert len(set(paths(drawn.pictures))) == 7
        assert drawn == public_set(few)
        assert drawn != public_set(few.model_copy(update={"seed": 1}))
        for path, label in zip(paths(drawn.pictures), drawn.pictures.labels, strict=True):
            assert drawn.class_names[label] == everything.class_names[names[path]]

    def test_a_part_is_refused_unless_accepted(self, settings: DownloadedSets) -> None:
        whole = settings.model_copy(update={"partial": False})
        if self.any_count:
            assert public_set(whole) == public_set(settings)
            return
        with pytest.raises(InvalidDownload, match=r"data\.partial"):
            public_set(whole)

    def test_a_wrong_folder_is_named(self, settings: DownloadedSets, tmp_path: Path) -> None:
        for root in (tmp_path, tmp_path / "absent"):
            own = PUBLIC_SETS.validate({"kind": self.kind, "root": root})
            with pytest.raises(InvalidDownload, match=str(root)):
                public_set(settings.model_copy(update={"public": own}))
