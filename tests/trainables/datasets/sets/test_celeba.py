"""CelebA: identities, labels and splits of the three variants, against slow references."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.datasets import CelebA
from search_spaces.files import PinnedFolder
from tests.contracts.downloaded_set_contract import PrivateSetContract, PublicSetContract, paths
from tests.fixtures import downloads
from tests.fixtures.downloads import PRIVATE_IDENTITIES, STRANGERS, identities_of, settings_of
from trainables.datasets.sets import InvalidDownload, PrivateSet, PublicSet, private_set, public_set
from trainables.datasets.sets.celeba import private_identities
from trainables.datasets.sets.celeba_files import CelebAFiles, Photo

SMALL = {3: 28, 5: 31, 9: 26, 12: 31, 20: 28, 44: 30}
"""Identity -> pictures, with ties, for the variants that count."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return downloads.celeba(tmp_path_factory.mktemp("celeba"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return downloads.celeba(tmp_path_factory.mktemp("small"), SMALL)


def pair(root: Path, variant: str = "gmi", **changes: object) -> tuple[PrivateSet, PublicSet]:
    own = {"kind": "celeba", "root": root, "variant": variant}
    values = settings_of("celeba", root, "celeba", root, private=own, public=own, **changes)
    return private_set(values), public_set(values)


def people(found: PrivateSet) -> list[int]:
    return [int(name.removeprefix("celeba-")) for name in found.class_names]


class TestPrivateCelebA(PrivateSetContract):
    kind = "celeba"
    sizes = (225, 24)


class TestPublicCelebA(PublicSetContract):
    kind = "celeba"
    size, classes = 48, 4


def test_gmi_takes_the_first_identities_with_thirty_pictures(root: Path) -> None:
    private, public = pair(root)
    assert tuple(people(private)) == PRIVATE_IDENTITIES
    assert public.class_names == tuple(f"celeba-{identity}" for identity in STRANGERS)
    owners = identities_of(root)
    for part in (private.train, private.test):
        for path, label in zip(paths(part), part.labels, strict=True):
            assert owners[path] == PRIVATE_IDENTITIES[label]
    assert len(private.train.files) + len(private.test.files) == sum(
        owner in PRIVATE_IDENTITIES for owner in owners.values()
    )


def test_gmi_holds_out_three_of_thirty(root: Path) -> None:
    private, _ = pair(root)
    assert Counter(private.test.labels) == dict.fromkeys(range(8), 3)


def test_gmi_without_enough_identities_is_refused(root: Path) -> None:
    with pytest.raises(InvalidDownload, match="8 identities for the 9 of the private list"):
        pair(root, private_classes=9)


@given(st.dictionaries(st.integers(1, 5000), st.integers(25, 33), min_size=1, max_size=60), st.randoms())
@settings(max_examples=30)
def test_lists_of_identities_from_any_file(counts: dict[int, int], order: random.Random) -> None:
    """The three rules, written out slowly."""
    owners = [identity for identity, count in counts.items() for _ in range(count)]
    order.shuffle(owners)
    files = CelebAFiles(Path(), [Photo(f"{k:06d}", owner) for k, owner in enumerate(owners, 1)], {})
    wanted = min(10, len(counts))
    first_seen = list(dict.fromkeys(owners))
    expected = {
        "gmi": [identity for identity in sorted(counts) if counts[identity] >= 30][:wanted],
        "vmi": sorted(sorted(counts), key=lambda identity: counts[identity])[-wanted:],
        "ppa": sorted(first_seen, key=lambda identity: -counts[identity])[:wanted],
    }
    for variant, identities in expected.items():
        data = settings_of("celeba", Path(), "celeba", Path(), private_classes=max(2, len(identities)))
        own = CelebA(root=PinnedFolder(path=Path()), variant=variant)
        if len(identities) >= 2:
            assert private_identities(own, data, files)[: len(identities)] == identities


def test_vmi_trains_on_the_first_twenty_five(small: Path) -> None:
    private, public = pair(small, "vmi", private_classes=4)
    assert people(private) == [20, 44, 5, 12]
    assert set(public.class_names) == {"celeba-3", "celeba-9"}
    owners = identities_of(small)
    for label, identity in enumerate(people(private)):
        own = [name for name, owner in owners.items() if owner == identity]
        sides = [
            [path for path, found in zip(paths(part), part.labels, strict=True) if found == label]
            for part in (private.train, private.test)
        ]
        assert sides == [own[:25], own[25:]]


def test_vmi_needs_more_than_twenty_five_pictures(tmp_path: Path) -> None:
    downloads.celeba(tmp_path, {1: 25, 2: 30, 3: 3})
    with pytest.raises(InvalidDownload, match="more than 25 pictures"):
        pair(tmp_path, "vmi", private_classes=2)


def test_ppa_splits_all_pictures_as_published(small: Path) -> None:
    private, _ = pair(small, "ppa", private_classes=4)
    owners = identities_of(small)
    order = [identity for identity, _ in Counter(owners.values()).most_common(4)]
    assert people(private) == order
    mine = [name for name, owner in owners.items() if owner in order]
    indices = np.arange(len(mine))
    state = np.random.get_state()
    np.random.seed(42)
    np.random.shuffle(indices)
    np.random.set_state(state)
    assert paths(private.train) == [mine[index] for index in indices[: int(0.9 * len(mine))]]
    assert paths(private.test) == [mine[index] for index in indices[int(0.9 * len(mine)) :]]


def test_ninety_per_cent_of_the_published_count() -> None:
    from trainables.datasets.sets.splits import shuffled_split

    assert [len(side) for side in shuffled_split(range(30_038), 42)] == [27_034, 3_004]
    assert [len(side) for side in shuffled_split(range(20_580), 42)] == [18_522, 2_058]


@pytest.mark.parametrize("variant", ["gmi", "vmi", "ppa"])
def test_private_and_public_never_meet(small: Path, root: Path, variant: str) -> None:
    private, public = pair(root if variant == "gmi" else small, variant, private_classes=4)
    mine = {*paths(private.train), *paths(private.test)}
    assert mine.isdisjoint(paths(public.pictures))
    assert set(private.class_names).isdisjoint(public.class_names)


def test_the_whole_set_needs_every_line(root: Path) -> None:
    with pytest.raises(InvalidDownload, match=r"instead of the published 202599: \d+ are missing"):
        pair(root, partial=False)


def test_missing_pictures_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = downloads.celeba(tmp_path)
    count = len(identities_of(root))
    monkeypatch.setattr("trainables.datasets.sets.celeba_files.PICTURES", count)
    monkeypatch.setattr("trainables.datasets.sets.celeba.IDENTITIES", 8)
    owners = identities_of(root)
    mine = [name for name, owner in owners.items() if owner == 14][:2]
    for name in mine:
        (root / "img_align_celeba" / name).unlink()
    with pytest.raises(InvalidDownload, match=rf"2 of 249 pictures are missing: {mine[0]}, {mine[1]}"):
        pair(root, partial=False)


@pytest.mark.parametrize("line", ["000001.jpg", "000001.jpg 14 3", "000001.jpg fourteen", "000001.jpg -1"])
def test_a_malformed_line_is_named(root: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "img_align_celeba").symlink_to(root / "img_align_celeba")
    (tmp_path / "identity_CelebA.txt").write_text(f"000002.jpg 14\n{line}\n")
    with pytest.raises(InvalidDownload, match="line 2"):
        pair(tmp_path)


@pytest.mark.parametrize("layout", ["official", "mirror", "png"])
def test_layouts(root: Path, tmp_path: Path, layout: str) -> None:
    lists, folder = {
        "official": ("Anno/identity_CelebA.txt", "Img/img_align_celeba"),
        "mirror": ("identity_CelebA.txt", "img_align_celeba/img_align_celeba"),
        "png": ("identity_CelebA.txt", "img_align_celeba_png"),
    }[layout]
    for path in (tmp_path / lists, tmp_path / folder):
        path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / lists).symlink_to(root / "identity_CelebA.txt")
    (tmp_path / folder).symlink_to(root / "img_align_celeba")
    assert paths(pair(tmp_path)[0].train) == paths(pair(root)[0].train)


@pytest.fixture
def listed(root: Path, tmp_path: Path) -> Path:
    """A copy with the three published lists."""
    (tmp_path / "img_align_celeba").symlink_to(root / "img_align_celeba")
    (tmp_path / "identity_CelebA.txt").write_text((root / "identity_CelebA.txt").read_text())
    downloads.published_lists(tmp_path)
    return tmp_path


def test_published_lists_are_used_where_they_are(listed: Path, root: Path) -> None:
    private, public = pair(listed)
    for part, name in ((private.train, "trainset.txt"), (private.test, "testset.txt")):
        lines = [line.split() for line in (listed / name).read_text().splitlines()]
        assert [(path[:6], str(label)) for path, label in zip(paths(part), part.labels, strict=True)] == [
            (name[:6], label) for name, label in lines
        ]
    names = (listed / "ganset.txt").read_text().split()
    assert [path[:6] for path in paths(public.pictures)] == [name[:6] for name in names]
    assert "published lists" in private.rule
    assert "published lists" in public.rule
    assert "own split" in pair(root)[0].rule


def test_published_lists_can_be_left_aside(listed: Path, root: Path) -> None:
    own = {"kind": "celeba", "root": listed, "lists": "never"}
    found = private_set(settings_of("celeba", listed, "ffhq", Path("/nowhere"), private=own))
    assert paths(found.test) == paths(pair(root)[0].test)


def test_an_incomplete_set_of_lists_is_refused(listed: Path) -> None:
    (listed / "ganset.txt").unlink()
    with pytest.raises(InvalidDownload, match=r"ganset\.txt is missing"):
        pair(listed)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("trainset.txt", lambda lines: [lines[0].split()[0] + " 7", *lines[1:]], "not the rank"),
        ("testset.txt", lambda lines: [lines[0].split()[0], *lines[1:]], "not the rank"),
    ],
)
def test_lists_of_other_labels_are_refused(listed: Path, name: str, change, reason: str) -> None:
    lines = (listed / name).read_text().splitlines()
    (listed / name).write_text("\n".join(change(lines)))
    with pytest.raises(InvalidDownload, match=reason):
        pair(listed)


def test_a_picture_for_training_and_testing_is_refused(listed: Path) -> None:
    first = (listed / "trainset.txt").read_text().splitlines()[0]
    (listed / "testset.txt").write_text((listed / "testset.txt").read_text() + first + "\n")
    with pytest.raises(InvalidDownload, match=rf"{first[:6]} stand in trainset\.txt and in testset\.txt"):
        pair(listed)


def test_lists_of_a_whole_set_have_the_published_counts(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.datasets.sets.celeba_files.PICTURES", len(identities_of(listed)))
    monkeypatch.setattr("trainables.datasets.sets.celeba.IDENTITIES", 8)
    with pytest.raises(InvalidDownload, match="instead of the published 27018"):
        pair(listed, partial=False)
