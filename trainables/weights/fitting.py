"""Checks that weights belong to a network, before any is loaded."""

from collections.abc import Mapping

from torch import Tensor

SHOWN = 5
"""How many names a message lists of each kind."""


class WeightsMismatch(ValueError):
    """Weights whose names or shapes are not those of the network."""


def require_fit(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], name: str) -> None:
    """Raise ``WeightsMismatch``, with a list, unless ``given`` has the names and shapes of ``expected``."""
    problems = [
        *_listed("missing", sorted(expected.keys() - given.keys())),
        *_listed("not expected", sorted(given.keys() - expected.keys())),
        *_listed("of another shape", _reshaped(expected, given)),
    ]
    if problems:
        raise WeightsMismatch(f"weights of {name} do not fit: {'; '.join(problems)}")


def _reshaped(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    return [
        f"{name} {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in given and given[name].shape != tensor.shape
    ]


def _listed(kind: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{kind}: {', '.join(names[:SHOWN])}{more}"]
