"""Which data a sweep uses: D_priv (T is trained on it) and D_pub (the attacker's)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings


class ORLFaces(Settings):
    """The ORL / AT&T faces: 40 people with 10 photographs each, grey, 64x64."""

    kind: Literal["orl_faces"] = "orl_faces"
    private_people: Annotated[int, Field(ge=2, le=38)] = 20
    private_end: Literal["first", "last"] = "first"
    """Which end of the published list of people is private; ``last`` swaps roles, for fresh people."""
    test_per_class: Annotated[int, Field(ge=1, le=8)] = 3


class DrawnPersons(Settings):
    """Procedurally drawn persons (DiceBear): never photographs; any number of people, known attributes."""

    kind: Literal["drawn_persons"] = "drawn_persons"
    style: Literal["avataaars", "toon-head", "adventurer", "lorelei"] = "avataaars"
    private_people: Annotated[int, Field(ge=2, le=1000)] = 20
    public_people: Annotated[int, Field(ge=2, le=10000)] = 300
    images_per_private_person: Annotated[int, Field(ge=3, le=1000)] = 20
    images_per_public_person: Annotated[int, Field(ge=1, le=1000)] = 4
    test_per_class: Annotated[int, Field(ge=1, le=500)] = 5
    resolution: Annotated[int, Field(ge=16, le=256, multiple_of=16)] = 64
    seed: int = 0


class ImageFolder(Settings):
    """Pictures of the user: one folder per class under ``private`` and under ``public``."""

    kind: Literal["image_folder"] = "image_folder"
    private: Path
    public: Path
    resolution: Annotated[int, Field(ge=16, le=256, multiple_of=16)] = 64
    channels: Literal[1, 3] = 3
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    content: str | None = None
    """Hash of the pictures, filled in when a sweep starts, so that changed pictures are another data set."""
    seed: int = 0


class CelebA(Settings):
    """CelebA in the layout of its official download: ``img_align_celeba`` and ``identity_CelebA.txt``."""

    kind: Literal["celeba"] = "celeba"
    root: Path
    variant: Literal["gmi", "vmi", "ppa"] = "gmi"
    """Identities, crop and split: GMI/KEDMI/LOMMA/TL-DMI (1000 identities), VMI or PPA."""
    lists: Literal["when_there", "never"] = "when_there"
    """Whether ``gmi`` uses the published ``trainset.txt``, ``testset.txt`` and ``ganset.txt`` of ``root``;
    without them, the split is our own. Which it was is part of the pinned split."""


class FaceScrub(Settings):
    """FaceScrub: 530 people in class folders (``actors``, ``actresses`` or one flat level)."""

    kind: Literal["facescrub"] = "facescrub"
    root: Path


class VGGFace2(Settings):
    """VGGFace2: ``train/n000002/*.jpg`` and ``test/...``, 8,631 training identities."""

    kind: Literal["vggface2"] = "vggface2"
    root: Path


class StanfordDogs(Settings):
    """Stanford Dogs: ``Images/n02085620-Chihuahua/*.jpg``, ``lists``; 120 classes."""

    kind: Literal["stanford_dogs"] = "stanford_dogs"
    root: Path


class StanfordCars(Settings):
    """Stanford Cars: ``cars_train``, ``cars_test`` and ``devkit``; 196 classes."""

    kind: Literal["stanford_cars"] = "stanford_cars"
    root: Path


class ClassFolders(Settings):
    """One folder of pictures per class (PubFig83 and other sets)."""

    kind: Literal["class_folders"] = "class_folders"
    root: Path


FaceCrop = Literal["gmi", "ppa", "whole"]
"""Central square kept of an aligned square picture: 88/128 of the side (GMI and its successors), 800/1024
(PPA), or all of it."""


class FFHQ(Settings):
    """FFHQ thumbnails or images, in numbered folders or flat."""

    kind: Literal["ffhq"] = "ffhq"
    root: Path
    crop: FaceCrop = "gmi"


class MetFaces(Settings):
    """MetFaces: ``images/*.png``."""

    kind: Literal["metfaces"] = "metfaces"
    root: Path
    crop: FaceCrop = "ppa"


class LSUNCars(Settings):
    """LSUN cars as a folder of pictures."""

    kind: Literal["lsun_cars"] = "lsun_cars"
    root: Path


class AFHQDogs(Settings):
    """AFHQ dogs: ``train/dog``, ``val/dog`` or ``test/dog``."""

    kind: Literal["afhq_dogs"] = "afhq_dogs"
    root: Path


PrivateSet = Annotated[
    CelebA | FaceScrub | VGGFace2 | StanfordDogs | StanfordCars | ClassFolders, Field(discriminator="kind")
]
PublicSet = Annotated[
    CelebA | FaceScrub | FFHQ | MetFaces | LSUNCars | AFHQDogs | ClassFolders, Field(discriminator="kind")
]

PRIVATE_SETS: dict[str, type[PrivateSet]] = {
    "celeba": CelebA,
    "facescrub": FaceScrub,
    "vggface2": VGGFace2,
    "stanford_dogs": StanfordDogs,
    "stanford_cars": StanfordCars,
    "class_folders": ClassFolders,
}
"""Name -> settings of the sets that T can be trained on."""
PUBLIC_SETS: dict[str, type[PublicSet]] = {
    "celeba": CelebA,
    "facescrub": FaceScrub,
    "ffhq": FFHQ,
    "metfaces": MetFaces,
    "lsun_cars": LSUNCars,
    "afhq_dogs": AFHQDogs,
    "class_folders": ClassFolders,
}
"""Name -> settings of the sets that the attacker can use."""


class DownloadedSets(Settings):
    """A private and a public set of the literature, each in the layout its official download unpacks to."""

    kind: Literal["downloaded"] = "downloaded"
    private: PrivateSet
    public: PublicSet
    resolution: Annotated[int, Field(ge=16, le=512, multiple_of=8)] = 64
    private_classes: Annotated[int, Field(ge=2)] | None = None
    """Only the first classes; nothing: all of the published list."""
    public_images: Annotated[int, Field(ge=2)] | None = 30_000
    """At most so many public pictures, drawn with ``seed``; nothing: all."""
    partial: bool = False
    """Accept a part of a published set. What is there decides the classes, so no number of such a sweep is
    comparable with published ones."""
    content: str | None = None
    """SHA-256 of the pinned split (each picture's name, size, class and role), filled in when a sweep starts,
    so that other pictures or another split are another data set."""
    seed: int = 42


DataSettings = Annotated[ORLFaces | DrawnPersons | ImageFolder | DownloadedSets, Field(discriminator="kind")]


def resolution_of(data: DataSettings) -> int:
    """Return the pixels a side of the pictures of ``data``.

    >>> resolution_of(ORLFaces()), resolution_of(DrawnPersons(resolution=32))
    (64, 32)
    """
    return 64 if isinstance(data, ORLFaces) else data.resolution
