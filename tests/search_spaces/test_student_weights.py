"""Weights of students are pinned by their bytes, wherever the attack's settings come from."""

from pathlib import Path

import pytest

from search_spaces import Sweep, identity, load_setup, load_space
from search_spaces.attacks import LOMMA, LOMMAGMI
from search_spaces.defenses import Defense
from search_spaces.image_quality import WeightsUnusable
from search_spaces.student_weights import pinned, with_pinned_students

NETWORK = "efficientnet_b0"


def folder(place: Path, content: bytes = b"weights") -> Path:
    """Return a folder with a file for the students."""
    place.mkdir(exist_ok=True)
    (place / f"{NETWORK}.safetensors").write_bytes(content)
    return place


def lomma(place: Path | str, **changes: object) -> LOMMA:
    return LOMMA.model_validate({"students": (NETWORK, "small"), "student_weights": str(place), **changes})


def test_identity_follows_the_bytes_and_not_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, changed = (
        pinned(lomma(folder(tmp_path / name, content)))
        for name, content in (("a", b"weights"), ("b", b"weights"), ("c", b"others"))
    )
    assert one.student_weights != other.student_weights
    assert identity(one) == identity(other) != identity(changed)
    monkeypatch.chdir(tmp_path)
    assert pinned(lomma("a")) == one
    assert pinned(one) == one


def test_files_that_are_missing_or_have_changed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnusable, match=rf"{NETWORK}\.safetensors cannot be read .* from scratch"):
        pinned(lomma(tmp_path / "nowhere"))
    before = pinned(lomma(folder(tmp_path)))
    folder(tmp_path, b"others")
    with pytest.raises(WeightsUnusable, match="does not hold the files meant"):
        pinned(before)


def test_students_that_read_no_file_ask_for_none(tmp_path: Path) -> None:
    assert pinned(LOMMA()) == LOMMA()
    alone = lomma(tmp_path / "nowhere", students=("small",))
    assert pinned(alone).student_weights_sha256 is None


def test_attacks_of_a_sweep_are_pinned_whether_space_or_setup_says_it(tmp_path: Path) -> None:
    space, setup = load_space("attacks_64"), load_setup("orl_faces")
    budget = {"iterations": 5, "lomma": lomma(folder(tmp_path)).model_dump(mode="json", exclude_unset=True)}
    of_setup = setup.model_copy(update={"attack_budgets": {"lomma_gmi": budget}})
    of_space = space.model_copy(
        update={"attacks": (LOMMAGMI(iterations=5, lomma=lomma(tmp_path)), *space.attacks[:1])}
    )
    for one in (Sweep(space=space, setup=of_setup), Sweep(space=of_space, setup=setup)):
        trial = with_pinned_students(one).trial(Defense(), seed=0)
        (attack,) = (each.attack for each in trial.attacks if each.attack.kind == "lomma_gmi")
        assert attack.iterations == 5
        assert attack.lomma == pinned(lomma(tmp_path))
    unused = Sweep(space=space, setup=setup)
    assert with_pinned_students(unused) is unused
