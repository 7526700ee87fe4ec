"""A pre-training that cannot be run is refused before anything is written."""

from pathlib import Path

import pytest
from PIL import Image

from orchestrator.checks.checks import check_sweep
from orchestrator.checks.pinning import pin_sweep
from orchestrator.driver.credits import credit_lines
from orchestrator.errors import InvalidRequest
from search_spaces import Setup, Sweep, load_setup
from search_spaces.datasets import DATASETS
from search_spaces.defenses import Defense
from search_spaces.pretraining import Pretraining
from search_spaces.variants import with_pretrained
from tests.orchestrator.small_sweeps import small_space

PERSONS = {"kind": "drawn_persons", "private_people": 5, "public_people": 4}


def setup(**data: object) -> Setup:
    """Return drawn persons whose T is pre-trained on ``data``."""
    own = load_setup("drawn_persons")
    start = Pretraining(name="others", data=DATASETS.validate({**PERSONS, **data}))
    return own.model_copy(update={"target": with_pretrained(own.target, start)})


def sweep(**data: object) -> Sweep:
    return Sweep(space=small_space(), setup=setup(**data))


def test_another_style_is_taken() -> None:
    check_sweep(sweep(style="toon-head"))


def test_the_persons_of_d_priv_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"others.*share classes.*2 more"):
        check_sweep(sweep())


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="32 pixels a side, those of T 64"):
        check_sweep(sweep(style="toon-head", resolution=32))


def test_data_that_cannot_be_are_refused_with_their_own_error() -> None:
    with pytest.raises(ValueError, match="persons apart"):
        check_sweep(sweep(style="toon-head", private_people=1000, public_people=10000))


def test_folders_of_a_pre_training_are_pinned_by_their_pictures(tmp_path: Path) -> None:
    for side, names in (("private", ("ann", "ben")), ("public", ("cid",))):
        for name in names:
            (tmp_path / side / name).mkdir(parents=True)
            for number in range(2):
                colour = (ord(name[0]), 7, number * 50)
                Image.new("RGB", (64, 64), colour).save(tmp_path / side / name / f"{number}.png")
    folders = {"kind": "image_folder", "private": tmp_path / "private", "public": tmp_path / "public"}
    own = load_setup("drawn_persons")
    start = Pretraining(name="folders", data=DATASETS.validate(folders))
    pinned = pin_sweep(small_space(), own.model_copy(update={"target": with_pretrained(own.target, start)}))
    found = pinned.setup.target.pretrained
    assert isinstance(found, Pretraining)
    assert found.data is not None
    assert len(found.data.model_dump()["private"]["sha256"]) == 64
    check_sweep(pinned)


def own_pictures(folder: Path, public: dict[str, int]) -> Setup:
    """Return the shipped setup on two private classes, and public ones with so many pictures."""
    for side, counts in (("private", {"ann": 2, "ben": 2}), ("public", public)):
        for name, count in counts.items():
            (folder / side / name).mkdir(parents=True)
            for number in range(count):
                colour = (ord(name[0]), 7, number * 50)
                Image.new("RGB", (64, 64), colour).save(folder / side / name / f"{number}.png")
    return load_setup(f"image_folder={folder / 'private'},{folder / 'public'}")


def test_own_pictures_start_from_their_public_classes(tmp_path: Path) -> None:
    own = Sweep(space=small_space(), setup=own_pictures(tmp_path, {"cid": 2, "dan": 1}))
    check_sweep(own)
    found = own.trial(Defense(), 0).target.pretraining
    assert found is not None
    assert found.side == "public"


@pytest.mark.parametrize(
    ("public", "reason"),
    [
        ({"cid": 1, "dan": 1}, "each of the 2 public classes has a single picture"),
        ({"zoe": 5}, r"are all of one class \(5 pictures\)"),
    ],
)
def test_public_pictures_that_teach_nothing_are_refused(
    tmp_path: Path, public: dict[str, int], reason: str
) -> None:
    setup = own_pictures(tmp_path, public)
    with pytest.raises(InvalidRequest, match=f"{reason}.*--set target.pretrained=null"):
        check_sweep(Sweep(space=small_space(), setup=setup))
    scratch = setup.model_copy(update={"target": with_pretrained(setup.target, None)})
    check_sweep(Sweep(space=small_space(), setup=scratch))


def test_the_makers_of_both_data_are_credited() -> None:
    assert len(credit_lines(setup(style="toon-head"))) == 1 + len(credit_lines(load_setup("drawn_persons")))
