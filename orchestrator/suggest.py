"""From a space of defences to proposals: Optuna's parameters of each defence, and the settings they mean."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, assert_never

from pydantic import ValidationError

from search_spaces import InvalidSpace, Space
from search_spaces.defenses import (
    TLDMI,
    BiDOHSIC,
    BiDOHSICSpace,
    DefenseSettings,
    DefenseSpace,
    NoDef,
    NoDefSpace,
    TLDMIBiDOHSIC,
    TLDMIBiDOHSICSpace,
    TLDMISpace,
)
from search_spaces.domains import Choice, Domain, Integers, LogUniform, Uniform, Value

if TYPE_CHECKING:
    import optuna

DIGITS = 6
"""Significant digits of a proposed number, so that configurations stay readable."""

Depths = Integers | Choice


def rounded(value: float) -> float:
    """Return ``value`` with 6 significant digits.

    >>> rounded(0.123456789)
    0.123457
    """
    return float(f"{value:.{DIGITS}g}")


def searched_rooms(space: Space) -> tuple[DefenseSpace, ...]:
    """Return the rooms the sampler chooses from: all but No-Def, which is always the first trial."""
    return tuple(room for room in space.defenses if not isinstance(room, NoDefSpace))


def room_domains(room: DefenseSpace, freeze_units: int) -> dict[str, Domain]:
    """Return the searched parameters of ``room`` by name; ``freeze_depth: all`` is 1 to ``freeze_units``."""
    match room:
        case NoDefSpace():
            return {}
        case BiDOHSICSpace():
            return {"lambda_x": room.lambda_x, "lambda_y_ratio": room.lambda_y_ratio}
        case TLDMISpace():
            return {"freeze_depth": _depths(room.freeze_depth, freeze_units)}
        case TLDMIBiDOHSICSpace():
            return {
                "freeze_depth": _depths(room.freeze_depth, freeze_units),
                "lambda_x": room.lambda_x,
                "lambda_y_ratio": room.lambda_y_ratio,
            }
        case _:
            assert_never(room)


def suggest_defense(trial: "optuna.Trial", space: Space, freeze_units: int) -> DefenseSettings:
    """Return the defence that ``trial`` proposes: its kind, then only the parameters of that kind."""
    rooms: dict[str, DefenseSpace] = {room.kind: room for room in searched_rooms(space)}
    room = rooms[trial.suggest_categorical("defense", list(rooms))]
    values = {
        name: _suggest(trial, f"{room.kind}.{name}", domain)
        for name, domain in room_domains(room, freeze_units).items()
    }
    return settings_of(room, values)


def settings_of(room: DefenseSpace, values: dict[str, Value]) -> DefenseSettings:
    """Return the settings of ``room`` at ``values``, with lambda_y = lambda_x * lambda_y_ratio.

    Raises ``pydantic.ValidationError`` for values the defence does not admit.
    """
    match room:
        case NoDefSpace():
            return NoDef()
        case BiDOHSICSpace():
            return BiDOHSIC.model_validate(_weights(values))
        case TLDMISpace():
            return TLDMI.model_validate({**values, "frozen_bn": room.frozen_bn})
        case TLDMIBiDOHSICSpace():
            depth = values["freeze_depth"]
            return TLDMIBiDOHSIC.model_validate(
                {"freeze_depth": depth, **_weights(values), "frozen_bn": room.frozen_bn}
            )
        case _:
            assert_never(room)


def parameters_of(defense: DefenseSettings, space: Space, freeze_units: int) -> dict[str, Value] | None:
    """Return the Optuna parameters that mean ``defense``, or ``None`` when the space does not hold it."""
    for room in searched_rooms(space):
        if room.kind == defense.kind:
            return _parameters_in(room, defense.model_dump(), freeze_units)
    return None


def check_space(space: Space, freeze_units: int) -> None:
    """Raise ``InvalidSpace``, listing every error, unless ranges and anchors suit a T of ``freeze_units``."""
    errors = [*_room_errors(space, freeze_units), *_anchor_errors(space, freeze_units)]
    if errors:
        raise InvalidSpace("\n".join([f"space {space.name}: {len(errors)} error(s):", *errors]))


def _room_errors(space: Space, freeze_units: int) -> Iterator[str]:
    for index, room in enumerate(space.defenses):
        domains = room_domains(room, freeze_units)
        for name, domain in domains.items():
            for bound in _bounds(domain):
                where = f"  defenses.{index}.{name}: {bound!r}"
                if name == "freeze_depth":
                    yield from _depth_error(where, bound, freeze_units)
                else:
                    yield from _value_error(where, bound)


def _anchor_errors(space: Space, freeze_units: int) -> Iterator[str]:
    for index, anchor in enumerate(space.anchors):
        if isinstance(anchor, TLDMI | TLDMIBiDOHSIC):
            where = f"  anchors.{index}.freeze_depth: {anchor.freeze_depth}"
            yield from _depth_error(where, anchor.freeze_depth, freeze_units)


def _depth_error(where: str, depth: Value, freeze_units: int) -> Iterator[str]:
    if not isinstance(depth, int) or not 0 <= depth <= freeze_units:
        yield f"{where} is no freeze depth of this T: give a whole number from 0 to {freeze_units}, or 'all'"


def _value_error(where: str, value: Value) -> Iterator[str]:
    try:
        BiDOHSIC.model_validate({"lambda_x": value})
    except ValidationError as error:
        yield f"{where} is no weight: {error.errors()[0]['msg']}"


def _bounds(domain: Domain) -> tuple[Value, ...]:
    match domain:
        case Uniform():
            return domain.uniform
        case LogUniform():
            return domain.log_uniform
        case Integers():
            return domain.integers
        case Choice():
            return domain.choice
        case _:
            assert_never(domain)


def _depths(depths: Integers | Choice | str, freeze_units: int) -> Depths:
    return Integers(integers=(1, freeze_units)) if isinstance(depths, str) else depths


def _suggest(trial: "optuna.Trial", name: str, domain: Domain) -> Value:
    match domain:
        case Uniform():
            return rounded(trial.suggest_float(name, *domain.uniform))
        case LogUniform():
            return rounded(trial.suggest_float(name, *domain.log_uniform, log=True))
        case Integers():
            return trial.suggest_int(name, *domain.integers)
        case Choice():
            chosen = trial.suggest_categorical(name, domain.choice)
            assert chosen is not None
            return chosen
        case _:
            assert_never(domain)


def _weights(values: dict[str, Value]) -> dict[str, float]:
    lambda_x = float(values["lambda_x"])
    return {"lambda_x": lambda_x, "lambda_y": rounded(lambda_x * float(values["lambda_y_ratio"]))}


def _parameters_in(
    room: DefenseSpace, settings: dict[str, Any], freeze_units: int
) -> dict[str, Value] | None:
    if settings.get("frozen_bn") != getattr(room, "frozen_bn", None):
        return None
    if settings.get("lambda_x"):
        settings = {**settings, "lambda_y_ratio": rounded(settings["lambda_y"] / settings["lambda_x"])}
    domains = room_domains(room, freeze_units)
    if not all(name in settings and _holds(domain, settings[name]) for name, domain in domains.items()):
        return None
    return {"defense": room.kind, **{f"{room.kind}.{name}": settings[name] for name in domains}}


def _holds(domain: Domain, value: Value) -> bool:
    if isinstance(domain, Choice):
        return value in domain.choice
    low, high = (float(bound) for bound in _bounds(domain))
    return low <= float(value) <= high
