"""Decodes the PGM files of the ORL faces, undoing the damage of a line-ending conversion."""

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 92, 112
HEADER = b"P5\n92 112\n255\n"
_SIZE = len(HEADER) + WIDTH * HEIGHT


def decode(data: bytes) -> NDArray[np.uint8]:
    """Return the picture (112, 92) of one PGM file.

    Of the packaged files 152 went through a conversion of line endings that wrote CR LF for every LF, among
    the pixels too, which tears the picture. Such files start with ``P5`` CR LF and are converted back first.
    Raises ``ValueError`` for a file of another size or header.
    """
    original = _restored(data) if data.startswith(b"P5\r\n") else data
    if len(original) != _SIZE or not original.startswith(HEADER):
        raise ValueError(
            f"not a PGM file of {WIDTH}x{HEIGHT} grey pixels: {len(data)} bytes, starting with {data[:16]!r}"
        )
    return np.frombuffer(original, np.uint8, offset=len(HEADER)).reshape(HEIGHT, WIDTH)


def _restored(data: bytes) -> bytes:
    """Return the file before the conversion.

    The conversion left alone an LF that already followed a CR, so a file may come out short by the CR of one
    such pair; of all pairs, the true one is where the rows of the picture fit together best.
    """
    parts = data.split(b"\r\n")
    plain = b"\n".join(parts)
    if len(plain) != _SIZE - 1:
        return plain
    candidates = [b"\n".join(parts[:i]) + b"\r\n" + b"\n".join(parts[i:]) for i in range(4, len(parts))]
    return min(candidates, key=_roughness, default=plain)


def _roughness(file: bytes) -> int:
    rows = np.frombuffer(file, np.uint8, offset=len(HEADER)).reshape(HEIGHT, WIDTH).astype(np.int64)
    return int(np.abs(np.diff(rows, axis=0)).sum())
