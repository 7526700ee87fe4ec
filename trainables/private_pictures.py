"""Private training pictures as files, for a report that its reader has asked to hold them."""

import io
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from search_spaces.datasets import DataSettings
from trainables.datasets import load_data


class PrivatePictures(NamedTuple):
    """Pictures of each private class, and the hash of the data they are from."""

    content_hash: str
    files: dict[int, list[bytes]]
    """Class index -> PNG files, the first training pictures of the class."""


def private_pictures(settings: DataSettings, most: int) -> PrivatePictures:
    """Return at most ``most`` private training pictures of each class, as the trainings saw them.

    Raises ``ValueError`` of the data set's own kind for data that cannot be used.
    """
    data = load_data(settings)
    files: dict[int, list[bytes]] = {index: [] for index in range(data.num_classes)}
    for image, label in zip(data.private_train.images, data.private_train.labels.tolist(), strict=True):
        if len(files[label]) < most:
            files[label].append(_png(image))
    return PrivatePictures(data.content_hash, files)


def _png(image: Tensor) -> bytes:
    """Return a picture uint8 (C, S, S), C in {1, 3}, as a PNG."""
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()
