"""What a space may ask of the T of a setup: depths, groups of units, weights; and that it asks anything."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from orchestrator.search.suggest import searched_defenses
from search_spaces import InvalidSpace, Sweep
from search_spaces.architectures import ARCHITECTURES
from search_spaces.defenses import Defense, DefenseSpace
from search_spaces.domains import Domain, Value, bounds, countable
from search_spaces.setting_errors import SettingError
from search_spaces.targets import Architecture, TargetSettings

UnitNames = Callable[[Architecture], Sequence[str]]


def unit_names(architecture: Architecture) -> Sequence[str]:
    """Return the names of the units of ``architecture``. Builds the network, which imports torch."""
    from trainables.models import build_target

    settings = TargetSettings(architecture=architecture)
    side = ARCHITECTURES[architecture].published_side
    return build_target(settings, num_classes=2, resolution=side, seed=0).freeze_units


@dataclass(frozen=True)
class Shape:
    """What parts of a defence ask of an architecture; a network is built only for the names of its units."""

    architecture: Architecture
    names: UnitNames

    @property
    def units(self) -> int:
        """Number of units that can be frozen."""
        return ARCHITECTURES[self.architecture].units

    @property
    def stages(self) -> int:
        """Number of stages of residual blocks."""
        return ARCHITECTURES[self.architecture].residual_stages

    @property
    def unit_names(self) -> Sequence[str]:
        """Names of the units in forward order."""
        return self.names(self.architecture)


def check_space(sweep: Sweep, unit_names: UnitNames = unit_names) -> None:
    """Raise ``InvalidSpace``, listing every error, unless the space of ``sweep`` suits the T of its setup.

    Networks are built, to know the names of their units, only for a space that names some.
    """
    errors = [*_range_errors(sweep, unit_names), *_anchor_errors(sweep, unit_names), *_empty_error(sweep)]
    if errors:
        raise InvalidSpace.of(f"space {sweep.space.name}", errors)


def _range_errors(sweep: Sweep, names: UnitNames) -> Iterator[SettingError]:
    shape = Shape(sweep.setup.target.architecture, names)
    for index, ranges in enumerate(sweep.space.defenses):
        for name, domain in ranges.domains(shape.units).items():
            where = f"defenses.{index}.{name}"
            for value in bounds(domain):
                yield from _value_errors(where, ranges, name, value, shape)
            if sweep.space.is_grid:
                yield from _uncountable(where, domain)


def _value_errors(
    where: str, ranges: DefenseSpace, name: str, value: Value, shape: Shape
) -> Iterator[SettingError]:
    """Say what is wrong with one value of a range, the other fields at the first values of theirs."""
    cls, field = ranges.field(name)
    try:
        part = ranges.part(cls, {**_firsts(ranges, shape), name: value})
    except ValidationError as error:
        wrong = {problem["loc"][:1] for problem in error.errors()}
        if name != field and wrong != {(field,)}:
            return  # a ratio to a value that is reported itself
        for problem in error.errors():
            if problem["loc"][:1] == (field,):
                yield SettingError(where, f"{problem['input']!r}: {problem['msg']}")
        return
    yield from (SettingError(where, reason) for at, reason in part.misfits(shape) if at == field)


def _firsts(ranges: DefenseSpace, shape: Shape) -> dict[str, Value]:
    return {name: bounds(domain)[0] for name, domain in ranges.domains(shape.units).items()}


def _uncountable(where: str, domain: Domain) -> Iterator[SettingError]:
    try:
        countable(domain)
    except ValueError as error:
        yield SettingError(where, f"sampler grid tries every value, but {error}")


def _anchor_errors(sweep: Sweep, names: UnitNames) -> Iterator[SettingError]:
    """Look at the anchors of every T; networks are built for that of the setup alone."""
    present = sweep.setup.target.architecture
    yield from _listed_errors("anchors", sweep.space.anchors, Shape(present, names))
    for architecture, own in sweep.space.per_target.items():
        shape = Shape(architecture, names if architecture == present else _unknown)
        yield from _listed_errors(f"per_target.{architecture}.anchors", own.anchors, shape)


class _UnitsUnknown(Exception):
    """The units of this architecture are not looked up."""


def _unknown(architecture: Architecture) -> Sequence[str]:
    raise _UnitsUnknown


def _listed_errors(where: str, defenses: Sequence[Defense], shape: Shape) -> Iterator[SettingError]:
    for index, defense in enumerate(defenses):
        for part in defense.parts:
            with suppress(_UnitsUnknown):
                for field, reason in part.misfits(shape):
                    yield SettingError(f"{where}.{index}.{field}", reason)


def _empty_error(sweep: Sweep) -> Iterator[SettingError]:
    """A grid written for other architectures would train No-Def alone and say nothing."""
    space = sweep.space
    if not space.is_grid or sweep.anchors or searched_defenses(space):
        return
    others = ", ".join(space.per_target) or "none"
    yield SettingError(
        "per_target",
        f"no value is listed for architecture {sweep.setup.target.architecture} (listed: {others}); "
        f"add anchors for it, or use a setup with one of the listed architectures",
    )
