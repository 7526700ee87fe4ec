"""Lists of pictures in MATLAB files, as Stanford's sets have them. Imports no torch."""

from pathlib import Path
from typing import Any

import numpy as np

from trainables.datasets.sets.pictures import InvalidDownload


def columns(path: Path, names: tuple[str, ...], table: str | None = None) -> list[list[Any]]:
    """Return the named columns of a MATLAB file, or of its structure array ``table``, as plain lists.

    Cells come out as what they hold: text or a number. Raises ``InvalidDownload`` for a file that is no
    MATLAB file or lacks a column.
    """
    # Takes a while, and most sets do without.
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, squeeze_me=True, variable_names=None if table else names)
        source = content[table] if table else content
        return [[_plain(cell) for cell in np.atleast_1d(source[name])] for name in names]
    except (MatReadError, OSError, ValueError, TypeError, KeyError, IndexError, NotImplementedError) as error:
        wanted = ", ".join(names)
        raise InvalidDownload(
            f"{path}: no readable MATLAB file with {wanted} ({error}); unpack it again"
        ) from error


def _plain(cell: Any) -> Any:  # noqa: ANN401  (whatever MATLAB put there)
    return cell.item() if isinstance(cell, np.generic | np.ndarray) else cell
