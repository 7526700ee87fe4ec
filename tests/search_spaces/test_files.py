"""Files of the user: written as paths, pinned by their content, identified by it wherever they lie."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from search_spaces import InvalidSpace, identity, load_space
from search_spaces.attacks import LOMMA, LOMMAGMI
from search_spaces.files import (
    FileUnusable,
    PinnedFile,
    PinnedFolder,
    Weights,
    folder_hash,
    pin,
    pinned_in,
)
from search_spaces.settings import Settings

HASH = hashlib.sha256(b"weights").hexdigest()
WEIGHTS: TypeAdapter[PinnedFile | str | None] = TypeAdapter(Weights)


class Inner(Settings):
    """Settings inside others."""

    weights: Weights = None


class Holder(Settings):
    """A file in every place that a setting can have."""

    plain: PinnedFile | None = None
    several: tuple[PinnedFile | None, ...] = ()
    named: dict[str, PinnedFile] = Field(default_factory=dict)
    inner: tuple[Inner, ...] = ()
    folder: PinnedFolder | None = None
    seed: int = 0


def written(path: Path, data: bytes = b"weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("value", ["a/b.safetensors", {"path": "a/b.safetensors"}, Path("a/b.safetensors")])
def test_a_file_is_written_as_its_path(value: object) -> None:
    file = PinnedFile.model_validate(value)
    assert file == PinnedFile(path=Path("a/b.safetensors"))
    assert file.model_dump(mode="json") == "a/b.safetensors"


def test_a_pinned_file_keeps_path_and_hash_from_process_to_process() -> None:
    holder = Holder.model_validate({"plain": {"path": "a.pth", "sha256": HASH}, "several": ["b", None]})
    assert holder.model_dump(mode="json")["plain"] == {"path": "a.pth", "sha256": HASH}
    assert Holder.model_validate_json(holder.model_dump_json()) == holder


def test_identities_hold_the_content_and_not_the_place() -> None:
    def holder(path: str, sha256: str | None = HASH) -> Holder:
        file = {"path": path, "sha256": sha256}
        return Holder.model_validate(
            {"plain": file, "inner": [{"weights": {**file, "path": path + ".safetensors"}}]}
        )

    assert identity(holder("/here/a")) == identity(holder("/there/b"))
    assert identity(holder("/here/a")) != identity(holder("/here/a", "ab" * 32))
    assert identity(holder("/here/a", None)) != identity(holder("/there/a", None))


def test_pinning_fills_in_absolute_paths_and_hashes_wherever_a_file_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c", "d.safetensors"):
        written(tmp_path / name, name.encode())
    holder = Holder.model_validate(
        {
            "plain": "a",
            "several": [None, "b"],
            "named": {"x": "c"},
            "inner": [{"weights": "face_resnet"}, {"weights": "d.safetensors"}],
        }
    )
    pinned = pin(holder, "mine")
    files = [file for file in pinned_in(pinned) if isinstance(file, PinnedFile)]
    assert [file.path for file in files] == [tmp_path / name for name in ("a", "b", "c", "d.safetensors")]
    assert [file.sha256 for file in files] == [
        hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b", "c", "d.safetensors")
    ]
    assert pinned.inner[0] is holder.inner[0]
    assert pin(pinned, "mine") == pinned


def test_settings_that_name_no_file_stay_the_same_object() -> None:
    holder = Holder.model_validate({"inner": [{"weights": "torchvision:IMAGENET1K_V1"}], "seed": 3})
    assert pin(holder, "mine") is holder
    space = load_space("attacks_64")
    assert pin(space, "space") is space


def test_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(written(tmp_path / "mine.pth").parent))
    assert PinnedFile(path=Path("~/mine.pth")).pinned() == PinnedFile(path=tmp_path / "mine.pth", sha256=HASH)


def test_every_file_that_cannot_be_pinned_is_named_with_its_setting(tmp_path: Path) -> None:
    other = written(tmp_path / "other")
    holder = Holder.model_validate(
        {"plain": str(tmp_path / "absent"), "named": {"x": {"path": str(other), "sha256": "0" * 64}}}
    )
    with pytest.raises(InvalidSpace) as caught:
        pin(holder, "setup mine")
    text = str(caught.value)
    assert text.startswith("setup mine: 2 errors:")
    assert f"plain: {tmp_path / 'absent'} cannot be read: there is no such file" in text
    assert f"named.x: {other} is not the expected file: its SHA-256 is {HASH}, not {'0' * 64}" in text


def test_a_folder_stays_for_who_reads_it(tmp_path: Path) -> None:
    holder = Holder(folder=PinnedFolder(path=tmp_path / "nowhere"))
    assert pin(holder, "mine") is holder
    assert identity(Holder(folder=PinnedFolder(path=tmp_path, sha256=HASH))) == identity(
        Holder(folder=PinnedFolder(path=tmp_path / "moved", sha256=HASH))
    )


def test_the_bytes_are_read_only_while_they_are_those_meant(tmp_path: Path) -> None:
    file = PinnedFile(path=written(tmp_path / "a")).pinned()
    assert file.read_bytes() == b"weights"
    written(tmp_path / "a", b"others")
    with pytest.raises(FileUnusable, match="not the expected file"):
        file.read_bytes()
    with pytest.raises(FileUnusable, match="cannot be read"):
        PinnedFile(path=tmp_path).read_bytes()


def test_a_folder_is_hashed_by_names_and_contents(tmp_path: Path) -> None:
    for place in ("one", "two"):
        written(tmp_path / place / "sub" / "a.png", b"a")
        written(tmp_path / place / "b.png", b"b")
    written(tmp_path / "two" / ".hidden" / "c")
    before = folder_hash(tmp_path / "one")
    assert folder_hash(tmp_path / "two") == before
    (tmp_path / "two" / "b.png").rename(tmp_path / "two" / "c.png")
    assert folder_hash(tmp_path / "two") != before
    with pytest.raises(FileUnusable, match="no folder"):
        folder_hash(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["face_resnet", "torchvision:IMAGENET1K_V1", "timm:resnet.v2", None])
def test_names_of_weights_stay_names(name: str | None) -> None:
    assert WEIGHTS.validate_python(name) == name


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("mine.pth", "tldmi-sweep convert mine.pth --architecture NAME -o mine.safetensors"),
        ({"path": "a/mine.tar"}, "convert"),
        ({"path": "mine.txt"}, "give a .safetensors file, not mine.txt"),
        ({"path": "mine.safetensors", "sha256": "12"}, "sha256"),
        ({"source": "mine.safetensors"}, "path"),
        (3, "give a name of weights"),
    ],
)
def test_what_is_no_weights_is_refused(value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WEIGHTS.validate_python(value)


def lomma(**changes: Any) -> LOMMA:
    return LOMMA.model_validate({"students": ["efficientnet_b0", "small"], **changes})


def test_students_start_from_the_files_of_a_folder(tmp_path: Path) -> None:
    one, other = (lomma(student_weights=str(tmp_path / name)) for name in ("a", "b"))
    assert [recipe.weights for recipe in one.recipes] == [
        PinnedFile(path=tmp_path / "a" / "efficientnet_b0.safetensors"),
        None,
    ]
    for name in ("a", "b"):
        written(tmp_path / name / "efficientnet_b0.safetensors")
    assert identity(pin(one, "mine")) == identity(pin(other, "mine")) != identity(one)
    assert LOMMA.model_validate_json(pin(one, "mine").model_dump_json()) == pin(one, "mine")
    alone = lomma(students=["small"], student_weights=str(tmp_path / "nowhere"))
    assert pin(alone, "mine") is alone


def test_a_student_without_its_file_is_refused() -> None:
    with pytest.raises(ValidationError, match="given for efficientnet_b1, the students are"):
        lomma(student_weights={"efficientnet_b1": "b1.safetensors"})


def test_pinned_settings_of_an_attack_leave_unwritten_what_was(tmp_path: Path) -> None:
    """What a space leaves out is the setup's to say."""
    written(tmp_path / "efficientnet_b0.safetensors")
    attack = LOMMAGMI(lomma=lomma(student_weights=str(tmp_path)))
    assert pin(attack, "mine").model_fields_set == {"lomma"}
