"""What a space may ask of the T of a setup: depths, groups of units, weights; and that it asks anything."""

from collections.abc import Callable, Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from orchestrator.search.suggest import bounds, countable, room_domains, searched_rooms
from search_spaces import InvalidSpace, Sweep
from search_spaces.defenses import DefenseSettings, LayerWise, UnitGroup, Weight
from search_spaces.domains import Domain, Value
from search_spaces.setting_errors import SettingError
from search_spaces.targets import FREEZE_UNITS, Architecture, TargetSettings

THIRDS = ("first", "middle", "last")
"""Groups of units that every T has."""

UnitNames = Callable[[Architecture], Sequence[str]]
_GROUP: TypeAdapter[str] = TypeAdapter(UnitGroup)
_WEIGHT: TypeAdapter[float] = TypeAdapter(Weight)


def unit_names(architecture: Architecture) -> Sequence[str]:
    """Return the names of the units of ``architecture``. Builds the network, which imports torch."""
    from trainables.models import build_target

    settings = TargetSettings(architecture=architecture)
    return build_target(settings, num_classes=2, resolution=64, seed=0).freeze_units


def check_space(sweep: Sweep, unit_names: UnitNames = unit_names) -> None:
    """Raise ``InvalidSpace``, listing every error, unless the space of ``sweep`` suits the T of its setup.

    Networks are built, to know the names of their units, only for a space that names some.
    """
    errors = [*_room_errors(sweep, unit_names), *_anchor_errors(sweep, unit_names), *_empty_error(sweep)]
    if errors:
        raise InvalidSpace.of(f"space {sweep.space.name}", errors)


def _room_errors(sweep: Sweep, names: UnitNames) -> Iterator[SettingError]:
    for index, room in enumerate(sweep.space.defenses):
        for name, domain in room_domains(room, sweep.freeze_units).items():
            where = f"defenses.{index}.{name}"
            for value in bounds(domain):
                yield from _value_errors(where, name, value, sweep, names)
            if sweep.space.is_grid:
                yield from _uncountable(where, domain)


def _value_errors(
    where: str, name: str, value: Value, sweep: Sweep, names: UnitNames
) -> Iterator[SettingError]:
    architecture = sweep.setup.target.architecture
    if name == "freeze_depth":
        yield from _depth_error(where, value, architecture)
    elif name == "trainable":
        yield from _group_errors(where, str(value).split("+"), architecture, names)
    else:
        try:
            _WEIGHT.validate_python(value)
        except ValidationError as error:
            yield SettingError(where, f"{value!r} is no weight: {error.errors()[0]['msg']}")


def _uncountable(where: str, domain: Domain) -> Iterator[SettingError]:
    try:
        countable(domain)
    except ValueError as error:
        yield SettingError(where, f"sampler grid tries every value, but {error}")


def _anchor_errors(sweep: Sweep, names: UnitNames) -> Iterator[SettingError]:
    """Look at the anchors of the setup's T, and at the depths of those of every other T."""
    present = sweep.setup.target.architecture
    yield from _listed_errors("anchors", sweep.space.anchors, present, names)
    for architecture, own in sweep.space.per_target.items():
        used = names if architecture == present else None
        yield from _listed_errors(f"per_target.{architecture}.anchors", own.anchors, architecture, used)


def _listed_errors(
    where: str, defenses: Sequence[DefenseSettings], architecture: Architecture, names: UnitNames | None
) -> Iterator[SettingError]:
    for index, defense in enumerate(defenses):
        if isinstance(defense, LayerWise):
            if names is not None:
                place = f"{where}.{index}.trainable"
                yield from _group_errors(place, defense.trainable, architecture, names)
        elif (depth := getattr(defense, "freeze_depth", None)) is not None:
            yield from _depth_error(f"{where}.{index}.freeze_depth", depth, architecture)


def _depth_error(where: str, depth: Value, architecture: Architecture) -> Iterator[SettingError]:
    units = FREEZE_UNITS[architecture]
    if not isinstance(depth, int) or not 0 <= depth <= units:
        yield SettingError(
            where,
            f"{depth!r} is no freeze depth of {architecture}, which has {units} units: "
            f"give a whole number from 0 to {units}, or 'all'",
        )


def _group_errors(
    where: str, groups: Sequence[str], architecture: Architecture, names: UnitNames
) -> Iterator[SettingError]:
    for group in groups:
        try:
            _GROUP.validate_python(group)
        except ValidationError as error:
            yield SettingError(where, f"{group!r} is no group of units: {error.errors()[0]['msg']}")
            continue
        if group not in THIRDS:
            yield from _unknown_units(where, group, names(architecture))


def _unknown_units(where: str, group: str, known: Sequence[str]) -> Iterator[SettingError]:
    from trainables.defenses.layer_wise import UnknownUnits, units_of

    try:
        units_of(group, known)
    except UnknownUnits as error:
        yield SettingError(where, str(error))


def _empty_error(sweep: Sweep) -> Iterator[SettingError]:
    """A grid written for other architectures would train No-Def alone and say nothing."""
    space = sweep.space
    if not space.is_grid or sweep.anchors or searched_rooms(space):
        return
    others = ", ".join(space.per_target) or "none"
    yield SettingError(
        "per_target",
        f"nothing is listed for a T of {sweep.setup.target.architecture} (listed: {others}); "
        f"add anchors for it, or take a setup with one of the listed architectures",
    )
