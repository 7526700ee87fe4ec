"""Which data a sweep uses: D_priv (T is trained on it) and D_pub (the attacker's)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings


class ORLFaces(Settings):
    """The ORL / AT&T faces: 40 people with 10 photographs each, grey, 64x64."""

    kind: Literal["orl_faces"] = "orl_faces"
    private_people: Annotated[int, Field(ge=2, le=38)] = 20
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


DataSettings = Annotated[ORLFaces | DrawnPersons | ImageFolder, Field(discriminator="kind")]
