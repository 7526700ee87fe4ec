"""What ``compare A B`` means: two sweeps, of one store or of two, or two configurations of one sweep."""

from dataclasses import dataclass

from orchestrator.errors import InvalidRequest
from orchestrator.selection import chosen_store
from results import Comparison, NotComparable, SweepResults, UnreadablePart, load
from results.statistics.comparison import find_configuration
from results.stores.address import StoreAddress
from results.stores.marker import MARKER
from results.sweep_comparison import SweepComparison, compare_sweeps
from search_spaces.setting_errors import did_you_mean


@dataclass(frozen=True)
class Compared:
    """A comparison, and the sweep it is of when both are configurations of one."""

    comparison: Comparison | SweepComparison
    sweep_id: str | None = None
    unreadable: tuple[UnreadablePart, ...] = ()
    """Parts of the stores that were skipped."""


def compare_named(first: str, second: str, store: str | None, sweep_id: str | None) -> Compared:
    """Return the comparison of what two names mean.

    A name is a store (its latest sweep, or ``STORE#SWEEP``), a sweep of ``store`` by the beginning of its id,
    or a configuration of ``sweep_id`` of ``store``, of its latest sweep without. Raises ``InvalidRequest``
    for a sweep against a configuration, and the errors of stores and sweeps.
    """
    sides = [_sweep_of_store(name) for name in (first, second)]
    if all(sides):
        return _compared_sweeps(*(side for side in sides if side is not None))
    base = load(chosen_store(store), sweep_id)
    sides = [side or _sweep_within(base, name) for side, name in zip(sides, (first, second), strict=True)]
    if all(sides):
        return _compared_sweeps(*(side for side in sides if side is not None))
    if any(sides):
        sweep, other = (first, second) if sides[0] else (second, first)
        raise InvalidRequest(
            f"{sweep} is a sweep and {other} is not: {_known(base, other)}; "
            "compare two sweeps, or two configurations of one"
        )
    for name in (first, second):
        _require_configuration(base, name)
    return Compared(base.compare(first, second), base.sweep_id, base.unreadable_parts())


def _compared_sweeps(first: SweepResults, second: SweepResults) -> Compared:
    parts = {part: None for results in (first, second) for part in results.unreadable_parts()}
    return Compared(compare_sweeps(first, second), unreadable=tuple(parts))


def _sweep_of_store(name: str) -> SweepResults | None:
    """Return the sweep of a store that ``name`` means; ``None`` when it is the place of no store."""
    place, _, sweep_id = name.partition("#")
    folder = StoreAddress.parse(place).folder
    if folder is None or (folder / MARKER).exists() or "/" in place:
        return load(place, sweep_id or None)
    return None


def _sweep_within(base: SweepResults, name: str) -> SweepResults | None:
    """Return the sweep of the store of ``base`` whose id begins with ``name``, ``None`` without one."""
    matches = [known for known in base.sweep_ids() if name and known.startswith(name)]
    return SweepResults(base.store, name) if matches else None


def _require_configuration(base: SweepResults, name: str) -> None:
    try:
        find_configuration(base.summary(), name)
    except NotComparable as error:
        kinds = sorted({configuration.defense for configuration in base.summary().configurations})
        hint = "" if name in kinds else did_you_mean(name, kinds)
        raise InvalidRequest(
            f"{error}; it is neither a store nor one of the sweeps {', '.join(base.sweep_ids())} of "
            f"{base.store.uri}.{hint}"
        ) from error


def _known(base: SweepResults, name: str) -> str:
    return f"{base.store.uri} has the sweeps {', '.join(base.sweep_ids())}, not {name!r}"
