"""A defence as the rows of a store hold it: its parts with their parameters, as columns, labels and axes.

Rows bring all that is needed: ``defense_settings`` holds the parts with their values, ``defense_parts`` how
parts and parameters are called. So a part that this program does not know is read like any other.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from results.schema import SCHEMAS

Value = str | int | float | bool | None
"""A parameter in a column; a list is joined by ``+``."""

DEFENSE_COLUMNS = ("defense", "defense_settings", "defense_parts")
"""Columns of targets and attacks that `read_defense` reads."""

NO_DEF = "no_def"
NO_DEF_NAME = "No-Def"

_TAKEN = frozenset(name for schema in SCHEMAS.values() for name in schema.names)
_RATIO = "_ratio"
_NOT_PARAMETERS = frozenset({"kind", "plugin"})
"""Names in dumped settings of a part that are no parameters: ``plugin`` is the hash of a plugin's file."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a part of a defence, with its value."""

    name: str
    """Name of the field in the part."""
    column: str
    """Name of its column: ``name``, or ``part.name`` where ``name`` alone would be ambiguous."""
    value: Value
    label: str
    """What an axis is called."""
    symbol: str
    """What stands before the value in a label, or a template with ``{}`` for the value."""
    default: Value = None
    """The value of an option that a label leaves out."""
    logarithmic: bool = False
    ratio_to: str | None = None
    """The other parameter to which a search keeps this one in a ratio, under the name ``<name>_ratio``."""

    @property
    def is_option(self) -> bool:
        """Whether a label names it only where it differs from its default."""
        return self.default is not None

    @property
    def text(self) -> str:
        """Value with its symbol.

        >>> Parameter("freeze_depth", "freeze_depth", 9, "freeze depth", "depth").text
        'depth 9'
        """
        value = f"{self.value:.3g}" if isinstance(self.value, float) else str(self.value)
        return self.symbol.replace("{}", value) if "{}" in self.symbol else f"{self.symbol} {value}"


@dataclass(frozen=True)
class Part:
    """One part of a defence."""

    kind: str
    label: str
    """Published name."""
    stage: str
    """Where it acts: ``freezing``, ``network``, ``pictures``, ``loss`` or ``output``."""
    parameters: tuple[Parameter, ...] = ()
    curves: tuple[tuple[str, str], ...] = ()
    """What it records in each epoch, and what that is called."""


@dataclass(frozen=True)
class Defense:
    """A defence: its parts, none for No-Def."""

    kind: str
    """Kinds of the parts joined by ``+``, or ``no_def``."""
    parts: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """Published names of the parts."""
        if self.kind == NO_DEF:
            return NO_DEF_NAME
        return " + ".join(part.label for part in self.parts) or "unknown defence"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Parameters of all parts."""
        return tuple(parameter for part in self.parts for parameter in part.parameters)

    @property
    def columns(self) -> dict[str, Value]:
        """Values of the parameters by the names of their columns."""
        return {parameter.column: parameter.value for parameter in self.parameters}

    @property
    def text(self) -> str:
        """Parameters in a few characters, options last and only where they differ from their defaults."""
        known = [parameter for parameter in self.parameters if parameter.value is not None]
        chosen = [
            parameter for parameter in known if parameter.is_option and parameter.value != parameter.default
        ]
        return ", ".join(
            parameter.text
            for parameter in [*(parameter for parameter in known if not parameter.is_option), *chosen]
        )

    def searched_label(self, name: str) -> str:
        """Return what a searched parameter is called: a column, or the ratio of two as ``<name>_ratio``."""
        for parameter in self.parameters:
            if parameter.column == name:
                return parameter.label
            if parameter.ratio_to is not None and f"{parameter.column}{_RATIO}" == name:
                base = next(
                    (two.symbol for two in self.parameters if two.name == parameter.ratio_to),
                    parameter.ratio_to,
                )
                return f"{parameter.symbol}/{base}"
        return name

    def kinds_at(self, *stages: str) -> tuple[str, ...]:
        """Return the kinds of the parts that act at one of ``stages``, in their order."""
        return tuple(part.kind for part in self.parts if part.stage in stages)


def read_defense(row: Mapping[str, Any]) -> Defense:
    """Return the defence of a row of targets or attacks, or of what a trial's log keeps of one.

    What cannot be read is left out: a defence without ``defense_parts`` has the kinds of its parts for names.
    """
    return _read(row.get("defense") or "", row.get("defense_settings") or "", row.get("defense_parts") or "")


@lru_cache(maxsize=4096)
def _read(kind: str, settings: str, parts: str) -> Defense:
    values, descriptions = _objects(settings), _objects(parts)
    kinds = [str(value.get("kind", "")) for value in values or descriptions]
    if not kinds and kind != NO_DEF:
        kinds = [name for name in kind.split("+") if name]
    if len(values) != len(kinds):
        values = [{} for _ in kinds]
    if len(descriptions) != len(kinds):
        descriptions = [{} for _ in kinds]
    names = Counter(name for value in values for name in value if name not in _NOT_PARAMETERS)
    ambiguous = {name for name, count in names.items() if count > 1} | _TAKEN
    read = (_part(*known, ambiguous) for known in zip(kinds, values, descriptions, strict=True))
    return Defense(kind or "+".join(kinds), tuple(read))


def _part(
    kind: str, values: Mapping[str, Any], description: Mapping[str, Any], ambiguous: Iterable[str]
) -> Part:
    fields = {str(field.get("name")): field for field in description.get("fields") or ()}
    parameters = (
        _parameter(name, f"{kind}.{name}" if name in ambiguous else name, value, fields.get(name, {}))
        for name, value in _in_order(values, fields)
        if name not in _NOT_PARAMETERS
    )
    return Part(
        kind=kind,
        label=str(description.get("label") or kind),
        stage=str(description.get("stage") or "loss"),
        parameters=tuple(parameters),
        curves=tuple((description.get("curves") or {}).items()),
    )


def _in_order(values: Mapping[str, Any], fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the values in the order of the fields; canonical JSON has them by name."""
    order = {name: place for place, name in enumerate(fields)}
    return sorted(values.items(), key=lambda item: order.get(item[0], len(order)))


def _parameter(name: str, column: str, value: object, field: Mapping[str, Any]) -> Parameter:
    label = str(field.get("label") or name)
    return Parameter(
        name=name,
        column=column,
        value=_flat(value),
        label=label,
        symbol=str(field.get("symbol") or label),
        default=_flat(field.get("default")),
        logarithmic=field.get("scale") == "log",
        ratio_to=field.get("ratio_to"),
    )


def _flat(value: object) -> Value:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "+".join(map(str, value))
    if value is None or isinstance(value, str | int | float):
        return value
    return json.dumps(value, sort_keys=True)


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON list; none when it is damaged."""
    try:
        plain = json.loads(text or "[]")
    except ValueError:
        return []
    return [value for value in plain if isinstance(value, dict)] if isinstance(plain, list) else []


def parameter_columns(defenses: Iterable[Defense]) -> tuple[str, ...]:
    """Return the columns of the parameters of some defences, each once, in the order of first appearance.

    >>> depth = Parameter("freeze_depth", "freeze_depth", 3, "freeze depth", "depth")
    >>> part = Part("tl_dmi", "TL-DMI", "freezing", (depth,))
    >>> parameter_columns([Defense("no_def"), Defense("tl_dmi", (part,))])
    ('freeze_depth',)
    """
    return tuple(dict.fromkeys(column for defense in defenses for column in defense.columns))
