"""Stanford Cars: 196 models, with the official training and test pictures. Imports no torch.

Pictures are squeezed to a square as a whole, since a central square cuts off both ends of a car.
"""

from pathlib import Path

from search_spaces.datasets import DownloadedSets, StanfordCars
from trainables.datasets.framing import SQUEEZED
from trainables.datasets.sets.folders import found, pictures_in, require_count, require_files
from trainables.datasets.sets.matlab_lists import columns
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet
from trainables.datasets.sets.splits import Labelled, part

MODELS, TRAINING, TEST = 196, 8_144, 8_041
ABOUT = About(
    title="Stanford Cars",
    layout="cars_train/, cars_test/, devkit/ with cars_meta.mat and cars_train_annos.mat, and "
    "cars_test_annos_withlabels.mat here or in devkit/",
    published="8,144 training and 8,041 test pictures of 196 models",
    terms="research; the pictures belong to their owners",
)


def private(own: StanfordCars, data: DownloadedSets) -> PrivateSet:
    """Return the models and the official split. Raises ``InvalidDownload``."""
    (names,) = columns(
        found(own.root.path, ("devkit/cars_meta.mat",), "the list of models"), ("class_names",)
    )
    require_count(len(names), MODELS, f"models in {own.root.path}/devkit/cars_meta.mat", data.partial)
    train = _side(own.root.path, "cars_train", ("devkit/cars_train_annos.mat",), TRAINING, data)
    tests = ("cars_test_annos_withlabels.mat", "devkit/cars_test_annos_withlabels.mat")
    test = _side(own.root.path, "cars_test", tests, TEST, data)
    kept = names[: data.private_classes]
    sides = [[item for item in side if item[1] < len(kept)] for side in (train, test)]
    return PrivateSet(
        tuple(str(name) for name in kept),
        train=part(own.root.path, SQUEEZED, sides[0]),
        test=part(own.root.path, SQUEEZED, sides[1]),
        rule="stanford_cars: the official split",
    )


def _side(
    root: Path, folder: str, lists: tuple[str, ...], published: int, data: DownloadedSets
) -> list[Labelled]:
    path = found(root, lists, f"the labels of {folder}")
    names, numbers = columns(path, ("fname", "class"), table="annotations")
    require_count(len(names), published, f"pictures in {path}", data.partial)
    pictures = found(root, (folder,), f"the folder {folder}")
    present = {file.path.rpartition("/")[2]: file for file in pictures_in(pictures, root)}
    if not data.partial:
        require_files((name for name in names if name not in present), len(names), pictures)
    kept = [
        (present[name], int(number) - 1)
        for name, number in zip(names, numbers, strict=True)
        if name in present
    ]
    if not kept:
        raise InvalidDownload(f"{pictures}: none of the pictures of {path} is there; unpack it again")
    return kept
