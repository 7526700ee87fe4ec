"""CelebA: the identities of GMI and its successors, of VMI, or of PPA. Imports no torch.

Private identities, training and test pictures by variant:

* ``gmi``: the first 1000 identities, by ascending id, that have at least 30 pictures; label = rank. The
  published lists when they are there, else a tenth of each identity for testing. Public: identities above
  1000 with fewer than 30 pictures, as in the published list.
* ``vmi``: the 1000 identities with most pictures, label = position in a stable ascending sort by count (the
  published code sorts unstably, so its identities depend on the machine); the first 25 pictures of each are
  for training. Public: all other identities.
* ``ppa``: the 1000 identities with most pictures, ties by first appearance; 90 % of all pictures, shuffled,
  for training. Public: all other identities.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from search_spaces.datasets import CelebA, DownloadedSets
from trainables.datasets.framing import CELEBA
from trainables.datasets.sets.celeba_files import CelebAFiles, Photo, read
from trainables.datasets.sets.celeba_lists import PUBLISHED_RULE, lists_of
from trainables.datasets.sets.pictures import About, InvalidDownload, PrivateSet, PublicSet
from trainables.datasets.sets.splits import (
    Labelled,
    part,
    public_set,
    sampled,
    shuffled_split,
    split_per_class,
)

IDENTITIES, LEAST_PICTURES, VMI_TRAINING = 1000, 30, 25
ABOUT = About(
    title="CelebA (aligned and cropped)",
    layout="identity_CelebA.txt, and img_align_celeba/ with 000001.jpg to 202599.jpg",
    published="202,599 pictures of 10,177 identities",
    terms="non-commercial research; pictures must not be passed on",
)


def private(own: CelebA, data: DownloadedSets) -> PrivateSet:
    """Return the private identities and their split. Raises ``InvalidDownload``."""
    files = read(own.root.path, data.partial)
    chosen = private_identities(own, data, files)
    lists = lists_of(own, files, chosen, data)
    if lists is not None:
        train, test, rule = lists.train, lists.test, PUBLISHED_RULE
    else:
        train, test = _split(own, data, files, chosen)
        rule = _RULES[own.variant]
    kept = chosen[: data.private_classes]
    sides = [[item for item in side if item[1] < len(kept)] for side in (train, test)]
    framing = CELEBA[own.variant]
    return PrivateSet(
        tuple(_name(identity) for identity in kept),
        train=part(files.folder, framing, sides[0]),
        test=part(files.folder, framing, sides[1]),
        rule=f"celeba {own.variant}: {rule}",
    )


def public(own: CelebA, data: DownloadedSets) -> PublicSet:
    """Return pictures of identities that are not on the private list. Raises ``InvalidDownload``."""
    files = read(own.root.path, data.partial)
    listed = private_identities(own, data, files)
    lists = lists_of(own, files, listed, data)
    photos = lists.public if lists is not None else _not_private(own, files, set(listed))
    photos = sampled(photos, data.public_images, data.seed)
    names = sorted({photo.identity for photo in photos})
    labels = {identity: rank for rank, identity in enumerate(names)}
    return public_set(
        files.folder,
        CELEBA[own.variant],
        [(files.file(photo), labels[photo.identity]) for photo in photos],
        [_name(identity) for identity in names],
        f"celeba {own.variant}: {PUBLISHED_RULE if lists is not None else 'identities of no private list'}",
        data.public_images,
        data.seed,
    )


def private_identities(own: CelebA, data: DownloadedSets, files: CelebAFiles) -> list[int]:
    """Return the identities of the private list in the order of their labels.

    Raises ``InvalidDownload`` when there are fewer than the list has.
    """
    # The list of a part of CelebA is as long as is asked for, else nobody would be left for the public set.
    length = data.private_classes if data.partial and data.private_classes else IDENTITIES
    found = _LISTS[own.variant](files.photos, length)
    wanted = data.private_classes or (2 if data.partial else IDENTITIES)
    if len(found) < wanted:
        raise InvalidDownload(
            f"{files.folder}: {len(found)} identities for the {wanted} of the private list ({own.variant}); "
            "unpack all of CelebA, or give a smaller data.private_classes"
        )
    return found


def _enough_pictures(photos: Sequence[Photo], length: int) -> list[int]:
    counts = Counter(photo.identity for photo in photos)
    return sorted(identity for identity, count in counts.items() if count >= LEAST_PICTURES)[:length]


def _most_pictures_sorted(photos: Sequence[Photo], length: int) -> list[int]:
    counts = Counter(photo.identity for photo in photos)
    identities = np.array(sorted(counts))
    order = np.argsort([counts[identity] for identity in identities.tolist()], kind="stable")
    return [int(identity) for identity in identities[order][-length:]]


def _most_pictures_first_seen(photos: Sequence[Photo], length: int) -> list[int]:
    return [identity for identity, _ in Counter(photo.identity for photo in photos).most_common(length)]


_LISTS: dict[str, Callable[[Sequence[Photo], int], list[int]]] = {
    "gmi": _enough_pictures,
    "vmi": _most_pictures_sorted,
    "ppa": _most_pictures_first_seen,
}
_RULES = {
    "gmi": "own split, a tenth of each identity for testing",
    "vmi": "the first 25 pictures of each identity for training",
    "ppa": "90 % of all pictures for training",
}


def _split(
    own: CelebA, data: DownloadedSets, files: CelebAFiles, chosen: Sequence[int]
) -> tuple[list[Labelled], list[Labelled]]:
    labels = {identity: label for label, identity in enumerate(chosen)}
    photos = [photo for photo in files.photos if photo.identity in labels]
    files.require(photos)
    if own.variant == "ppa":
        return shuffled_split([(files.file(photo), labels[photo.identity]) for photo in photos], data.seed)
    classes = _by_identity(photos, chosen)
    if own.variant == "gmi":
        return split_per_class([[files.file(photo) for photo in own] for own in classes], data.seed)
    return _first_for_training(files, classes)


def _by_identity(photos: Iterable[Photo], chosen: Sequence[int]) -> list[list[Photo]]:
    own: dict[int, list[Photo]] = defaultdict(list)
    for photo in photos:
        own[photo.identity].append(photo)
    return [own[identity] for identity in chosen]


def _first_for_training(
    files: CelebAFiles, classes: Sequence[Sequence[Photo]]
) -> tuple[list[Labelled], list[Labelled]]:
    few = [str(photos[0].identity) for photos in classes if len(photos) <= VMI_TRAINING]
    if few:
        raise InvalidDownload(
            f"{files.folder}: the variant vmi needs more than {VMI_TRAINING} pictures of an identity; "
            f"{', '.join(few[:10])} ({len(few)} in all) have fewer: give a smaller data.private_classes"
        )
    numbered = [[(files.file(photo), label) for photo in photos] for label, photos in enumerate(classes)]
    return (
        [item for own in numbered for item in own[:VMI_TRAINING]],
        [item for own in numbered for item in own[VMI_TRAINING:]],
    )


def _not_private(own: CelebA, files: CelebAFiles, listed: set[int]) -> list[Photo]:
    counts = Counter(photo.identity for photo in files.photos)
    few = own.variant == "gmi"
    photos = [
        photo
        for photo in files.photos
        if photo.identity not in listed
        and (not few or (photo.identity > IDENTITIES and counts[photo.identity] < LEAST_PICTURES))
    ]
    files.require(photos)
    return photos


def _name(identity: int) -> str:
    return f"celeba-{identity}"
