"""Which pictures are for training, for testing, or drawn at random; pinned by a seed. Imports no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from search_spaces import seed_stream
from trainables.datasets.framing import Framing
from trainables.datasets.sets.pictures import File, InvalidDownload, Part, PublicSet, some

Item = TypeVar("Item")
Labelled = tuple[File, int]
"""A picture and its label."""

TRAIN_SHARE = 0.9


def shuffled_split(items: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """Return 90 % of ``items`` and the others: PPA's split of pictures, whatever their class.

    The order is that of NumPy's legacy shuffle, whose stream is frozen; with seed 42 it is the published
    one. Each picture falls on its own, so a small class may have no test picture.
    """
    order = np.arange(len(items))
    # Legacy on purpose: the published splits come from it, and NumPy guarantees its stream.
    np.random.RandomState(seed).shuffle(order)
    count = int(TRAIN_SHARE * len(items))
    return [items[index] for index in order[:count]], [items[index] for index in order[count:]]


def split_per_class(classes: Sequence[Sequence[File]], seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """Return training and test pictures: of each class a tenth, at least one and not all, is for testing.

    Which ones follows from the seed and the file names alone. Raises ``InvalidDownload`` for classes of one.
    """
    single = [files[0].path for files in classes if len(files) < 2]
    if single:
        raise InvalidDownload(f"a single picture in the classes of {some(single)}; each class needs two")
    train: list[Labelled] = []
    test: list[Labelled] = []
    for label, files in enumerate(classes):
        held_out = set(_drawn([file.path for file in files], max(1, round(len(files) / 10)), seed, "test"))
        for file in files:
            (test if file.path in held_out else train).append((file, label))
    return train, test


def _drawn(names: Sequence[str], count: int, seed: int, stream: str) -> list[str]:
    return sorted(names, key=lambda name: seed_stream(seed, stream, name))[:count]


def sampled(pictures: Sequence[Item], count: int | None, seed: int) -> list[Item]:
    """Return ``count`` of ``pictures``, drawn with ``seed``, in their order; all when there are no more."""
    if count is None or len(pictures) <= count:
        return list(pictures)
    kept = np.sort(np.random.RandomState(seed).permutation(len(pictures))[:count])
    return [pictures[index] for index in kept]


def part(root: Path, framing: Framing, pictures: Sequence[Labelled]) -> Part:
    """Return the part of these pictures."""
    return Part(root, framing, [file for file, _ in pictures], [label for _, label in pictures])


def public_set(
    root: Path,
    framing: Framing,
    pictures: Sequence[Labelled],
    names: Sequence[str],
    rule: str,
    limit: int | None,
    seed: int,
) -> PublicSet:
    """Return at most ``limit`` of ``pictures``; classes of which none was drawn are left out.

    Raises ``InvalidDownload`` when there is no picture at all.
    """
    if not pictures:
        raise InvalidDownload(f"{root}: no public picture ({rule})")
    drawn = sampled(pictures, limit, seed)
    labels = {label: rank for rank, label in enumerate(sorted({label for _, label in drawn}))}
    renumbered = [(file, labels[label]) for file, label in drawn]
    return PublicSet(tuple(names[label] for label in labels), part(root, framing, renumbered), rule)
