"""Makes a ``FaceData`` out of pictures, labels and names, with its content hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.datasets.dataset import FaceData, LabelledImages

Pictures = NDArray[np.uint8]
"""The pictures of one class: (n, C, S, S)."""


def assemble(
    name: str,
    private_train: Mapping[str, Pictures],
    private_test: Mapping[str, Pictures],
    public: Mapping[str, Pictures],
    credit: str,
    attributes: Mapping[str, Sequence[str]] | None = None,
    public_attributes: Mapping[str, Sequence[str]] | None = None,
) -> FaceData:
    """Return the data set of these pictures per class name; labels follow the order of the names."""
    if list(private_train) != list(private_test):
        raise ValueError(f"data {name!r}: train and test pictures are of different classes")
    splits = [_labelled(pictures) for pictures in (private_train, private_test, public)]
    names = (tuple(private_train), tuple(public))
    return FaceData(
        name=name,
        private_train=splits[0],
        private_test=splits[1],
        public=splits[2],
        class_names=names[0],
        public_class_names=names[1],
        content_hash=_content_hash(splits, names),
        credit=credit,
        attributes={key: tuple(values) for key, values in (attributes or {}).items()},
        public_attributes={key: tuple(values) for key, values in (public_attributes or {}).items()},
    )


def label_pictures(pixels: Pictures, labels: Sequence[int]) -> LabelledImages:
    """Return ``pixels`` (N, C, S, S) with their ``labels``; the memory is shared, not copied."""
    return LabelledImages(torch.from_numpy(pixels), torch.tensor(labels, dtype=torch.int64))


def _labelled(pictures: Mapping[str, Pictures]) -> LabelledImages:
    counts = [len(own) for own in pictures.values()]
    return LabelledImages(
        images=torch.from_numpy(np.ascontiguousarray(np.concatenate(list(pictures.values())))),
        labels=torch.arange(len(counts)).repeat_interleave(torch.tensor(counts)),
    )


def _content_hash(splits: Sequence[LabelledImages], names: Sequence[Sequence[str]]) -> str:
    digest = hashlib.sha256(json.dumps(names).encode())
    for split in splits:
        digest.update(json.dumps(list(split.images.shape)).encode())
        digest.update(split.images.numpy().tobytes())
        digest.update(split.labels.numpy().astype("<i8").tobytes())
    return digest.hexdigest()
