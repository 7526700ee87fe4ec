"""``--data``: folders of downloaded sets, on top of the shipped setup of the private set."""

from pathlib import Path

import pytest

from search_spaces import InvalidSpace, load_setup
from search_spaces.datasets import PRIVATE_SETS, DownloadedSets
from search_spaces.files import PinnedFolder


def sets(option: str) -> list[tuple[str, Path]]:
    data = load_setup(option).data
    assert isinstance(data, DownloadedSets)
    return [(own.kind, own.root.path) for own in (data.private, data.public)]


@pytest.mark.parametrize(
    ("option", "expected", "name"),
    [
        ("celeba=/c", [("celeba", "/c"), ("celeba", "/c")], "celeba"),
        ("celeba=/c,ffhq=/f", [("celeba", "/c"), ("ffhq", "/f")], "celeba-ffhq"),
        ("facescrub=/s,ffhq=/f", [("facescrub", "/s"), ("ffhq", "/f")], "facescrub"),
        ("facescrub=/s,metfaces=/m", [("facescrub", "/s"), ("metfaces", "/m")], "facescrub-metfaces"),
        ("stanford_dogs=/d,afhq_dogs=/a", [("stanford_dogs", "/d"), ("afhq_dogs", "/a")], "stanford_dogs"),
        ("stanford_cars=/d,lsun_cars=/a", [("stanford_cars", "/d"), ("lsun_cars", "/a")], "stanford_cars"),
        ("vggface2=/v,metfaces=m", [("vggface2", "/v"), ("metfaces", "m")], "vggface2"),
        (
            "class_folders=a,b,class_folders=c",
            [("class_folders", "a,b"), ("class_folders", "c")],
            "class_folders",
        ),
    ],
)
def test_folders_of_sets(option: str, expected: list[tuple[str, str]], name: str) -> None:
    assert sets(option) == [(kind, Path(folder)) for kind, folder in expected]
    assert load_setup(option).name == name


def test_the_rest_is_that_of_the_shipped_setup() -> None:
    shipped, found = load_setup("facescrub"), load_setup("facescrub=/s,ffhq=/f")
    assert isinstance(shipped.data, DownloadedSets)
    assert isinstance(found.data, DownloadedSets)
    assert found.data.public == shipped.data.public.model_copy(update={"root": PinnedFolder(path=Path("/f"))})
    same = {"private": shipped.data.private, "public": shipped.data.public}
    assert found.data.model_copy(update=same) == shipped.data
    assert found.model_copy(update={"data": shipped.data}) == shipped


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("celba=/c", "unknown private set 'celba'.*Did you mean 'celeba'"),
        ("imagefolder=/a,/b", "unknown private set 'imagefolder'.*Did you mean 'image_folder'"),
        ("ffhq=/c", "unknown private set 'ffhq'"),
        ("celeba=/c,fhq=/f", "unknown public set 'fhq'.*Did you mean 'ffhq'"),
        ("celeba=/c,stanford_dogs=/f", "unknown public set 'stanford_dogs'"),
        ("facescrub=/s", "give a private and a public set, as in facescrub=FOLDER,ffhq=FOLDER"),
        ("celeba=/c,ffhq=/f,metfaces=/m", "give a private and a public set"),
        ("celeba=", "give a folder after celeba="),
        ("celeba=/c,ffhq=", "give a folder after ffhq="),
    ],
)
def test_unusable_options_are_refused(option: str, reason: str) -> None:
    with pytest.raises(InvalidSpace, match=reason):
        load_setup(option)


@pytest.mark.parametrize("kind", sorted(PRIVATE_SETS.kinds))
def test_every_private_set_has_a_setup(kind: str) -> None:
    data = load_setup(kind).data
    assert isinstance(data, DownloadedSets)
    assert data.private.kind == kind
    assert not data.partial


def test_settings_of_a_set_can_be_changed() -> None:
    from orchestrator.overrides import apply_assignments
    from search_spaces import load_space

    changes = ["data.private.variant=vmi", "data.public.variant=vmi", "data.partial=true"]
    _, setup = apply_assignments(load_space("bido_vs_tldmi"), load_setup("celeba=/c"), changes)
    assert isinstance(setup.data, DownloadedSets)
    assert setup.data.private.model_dump()["variant"] == "vmi"
    assert setup.data.private.root.path == Path("/c")
    assert setup.data.partial
