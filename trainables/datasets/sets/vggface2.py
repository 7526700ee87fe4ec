"""VGGFace2: the 8,631 identities of its training part. Imports no torch.

Which pictures the published target was trained on is not known; a tenth of each identity is for testing.
"""

from search_spaces.datasets import DownloadedSets, VGGFace2
from trainables.datasets.framing import LARGEST_SQUARE
from trainables.datasets.sets.folders import class_folders, folder_names, found, require_count
from trainables.datasets.sets.pictures import About, PrivateSet
from trainables.datasets.sets.splits import part, split_per_class

IDENTITIES, PICTURES = 8_631, 3_141_890
ABOUT = About(
    title="VGGFace2 (loosely cropped faces)",
    layout="train/n000002/*.jpg and so on (test/ holds other people and is not read)",
    published="3,141,890 training pictures of 8,631 identities",
    terms="research; the pictures belong to their owners; withdrawn from its official site",
)


def private(own: VGGFace2, data: DownloadedSets) -> PrivateSet:
    """Return the first identities by name and the split of their pictures. Raises ``InvalidDownload``."""
    folder = found(own.root.path, ("train",), "the training part")
    names = folder_names(folder)
    require_count(len(names), IDENTITIES, f"identities in {folder}", data.partial)
    kept = names[: data.private_classes]
    classes = class_folders(folder, own.root.path, kept)
    if kept == names:
        require_count(sum(map(len, classes)), PICTURES, f"pictures in {folder}", data.partial)
    train, test = split_per_class(classes, data.seed)
    return PrivateSet(
        tuple(kept),
        train=part(own.root.path, LARGEST_SQUARE, train),
        test=part(own.root.path, LARGEST_SQUARE, test),
        rule="vggface2: own split, a tenth of each identity for testing",
    )
