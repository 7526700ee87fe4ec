"""Kinds of settings by name: built-in classes and those of plugins are registered alike."""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic_core import PydanticKnownError, core_schema

from search_spaces.settings import Settings

S = TypeVar("S", bound="KindSettings")

HASH_LENGTH = 16
"""Hexadecimal digits of the hash of a plugin's file."""


class KindSettings(Settings):
    """Settings with a ``kind``, a class of which is implemented by one class or function.

    A concrete class has ``kind: Literal["name"] = "name"``. ``home`` is the module that implements it (see
    ``trainables.implementations``); ``None``: its own module, as in a plugin file.
    """

    home: ClassVar[str | None] = None
    packages: ClassVar[tuple[str, ...]] = ()
    """Packages that its implementation imports beside those that everything needs."""
    archives: ClassVar[tuple[str, ...]] = ()
    """Packaged archives (see ``trainables.storage.archive_table``) that it may read, fetched when needed."""

    kind: str

    @property
    def used_archives(self) -> tuple[str, ...]:
        """Those of ``archives`` that are read with these values."""
        return self.archives

    @classmethod
    def kind_name(cls) -> str:
        """Return the kind of this class."""
        return str(cls.model_fields["kind"].default)

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the docstring, without markup."""
        return (cls.__doc__ or "").strip().partition("\n")[0].replace("``", "")


REGISTRIES: list["Registry[Any]"] = []
"""Every registry there is."""


class Registry(Generic[S]):
    """The classes of one noun (defence part, attack, prior, ...) by their kind.

    Kinds come from this project, from plugin files (``search_spaces.plugins``), and from installed packages
    that offer them as entry points of ``group``: such a package is imported when its kind is first named.
    """

    def __init__(self, noun: str, base: type[S], group: str | None = None) -> None:
        self.noun = noun
        """What a kind is, for messages: ``attack``."""
        self.base = base
        self.group = group
        """Group of entry points whose names are kinds: ``tldmi_sweep.attacks``. ``None``: none are read."""
        self._classes: dict[str, type[S]] = {}
        self._validator: TypeAdapter[S] | None = None
        REGISTRIES.append(self)

    def register(self, cls: type[S]) -> type[S]:
        """Add ``cls``, a decorator. Raises ``ValueError`` for a kind that is taken or missing."""
        kind = cls.model_fields["kind"].default
        if not isinstance(kind, str):
            raise ValueError(f"{cls.__name__}: give it a kind, as in kind: Literal['name'] = 'name'")
        taken = self._classes.get(kind)
        if taken is not None and taken is not cls:
            raise ValueError(
                f"{self.noun} {kind!r} of {cls.__module__} exists already in {taken.__module__}; "
                "choose another kind"
            )
        self._classes[kind] = cls
        self._validator = None
        return cls

    def remove(self, kind: str) -> None:
        """Forget the class of ``kind``: a plugin is unloaded."""
        del self._classes[kind]
        self._validator = None

    def __contains__(self, kind: object) -> bool:
        return kind in self._classes

    def __getitem__(self, kind: str) -> type[S]:
        return self._classes[kind]

    def __iter__(self) -> Iterator[type[S]]:
        return iter(tuple(self._classes.values()))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds, in the order of their registration."""
        return tuple(self._classes)

    def validate(self, value: Any) -> S:  # noqa: ANN401  (plain values, or settings)
        """Return the settings that ``value`` describes; an object of the base class is returned as it is.

        Raises ``pydantic.ValidationError``, whose places begin with the kind.
        """
        if isinstance(value, self.base):
            return value
        if isinstance(value, dict):
            self.find(value.get("kind"))
        if self._validator is None:
            self._validator = TypeAdapter(Annotated[Any, _Choice(self._classes)])
        found: S = self._validator.validate_python(value)
        return found

    @property
    def offered(self) -> tuple[EntryPoint, ...]:
        """Kinds of installed packages that are not imported yet, as entry points."""
        points = entry_points(group=self.group) if self.group else ()
        return tuple(point for point in points if point.name not in self._classes)

    def find(self, kind: object) -> bool:
        """Return whether ``kind`` is known; an installed package that offers it is imported first.

        Raises ``ValueError`` when that fails.
        """
        if isinstance(kind, str) and kind not in self._classes:
            self._import_offered(kind)
        return kind in self._classes

    def _import_offered(self, kind: str) -> None:
        for point in self.offered:
            if point.name == kind:
                try:
                    point.load()
                except Exception as error:
                    raise ValueError(
                        f"{self.noun} {kind!r} of {point.module} cannot be imported: "
                        f"{type(error).__name__}: {error}"
                    ) from error
                self._mark(sys.modules[point.module])

    def _mark(self, module: ModuleType) -> None:
        """Make the file of an installed ``module`` part of the identity of what its settings describe."""
        digest = text_hash(Path(module.__file__ or "").read_bytes())
        for cls in self:
            if cls.__module__ == module.__name__:
                cls.plugin_hash = digest


def register(cls: type[S]) -> type[S]:
    """Add a settings class to the registry of its base class, a decorator: the way of plugins.

    Raises ``TypeError`` for a class of no noun, ``ValueError`` for a kind that is taken or missing.
    """
    for registry in REGISTRIES:
        if issubclass(cls, registry.base):
            registered: type[S] = registry.register(cls)
            return registered
    bases = ", ".join(registry.base.__name__ for registry in REGISTRIES)
    raise TypeError(f"{cls.__name__} is settings of nothing that there is; derive it from one of {bases}")


def text_hash(data: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()[:HASH_LENGTH]


class _Choice:
    """Annotation of a value that one of ``classes`` validates, by its kind."""

    def __init__(self, classes: Mapping[str, type[Settings]]) -> None:
        self.classes = classes

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401  (pydantic's protocol)
        handler: GetCoreSchemaHandler,
    ) -> core_schema.CoreSchema:
        """Return the tagged union; settings that several classes use are defined once."""
        choices: dict[Any, core_schema.CoreSchema] = {
            kind: handler.generate_schema(cls) for kind, cls in self.classes.items()
        }
        return core_schema.tagged_union_schema(choices, discriminator="kind")


def dump_with_kind(value: Any, info: core_schema.SerializationInfo) -> dict[str, Any]:  # noqa: ANN401
    """Return the dump of settings of a kind; ``kind`` is part of it even where it was never set."""
    plain = value.model_dump(
        mode=info.mode,
        exclude_unset=info.exclude_unset,
        exclude_defaults=info.exclude_defaults,
        exclude_none=info.exclude_none,
        context=info.context,
    )
    return {"kind": value.kind, **plain}


class OneOf:
    """Annotation of a field that holds settings of any registered class: ``Annotated[Base, OneOf(KINDS)]``.

    Classes that are registered later, those of plugins, are accepted too. With ``as_written`` dumps hold only
    the settings that were given, so that what is read back leaves the others open as before.
    """

    def __init__(self, registry: Registry[Any], as_written: bool = False) -> None:
        self.registry = registry
        self._dump = _dump_written if as_written else dump_with_kind

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401  (pydantic's protocol)
        handler: GetCoreSchemaHandler,
    ) -> core_schema.CoreSchema:
        """Validate by the registry as it is then; dump the fields of the class that is there."""
        return core_schema.no_info_plain_validator_function(
            self.registry.validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self._dump, info_arg=True),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return one schema for each registered class."""
        members = [handler(cls.__pydantic_core_schema__) for cls in self.registry]
        return {"oneOf": members, "discriminator": {"propertyName": "kind"}}


class NamedSettings:
    """Annotation of a mapping of names to settings, where the kind is the name unless the settings say it.

    It adds to the JSON Schema what a name that is a kind stands for. With ``only_kinds`` no other is valid.
    """

    def __init__(self, registry: Registry[Any], only_kinds: bool = False) -> None:
        self.registry = registry
        self.only_kinds = only_kinds

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema of the mapping."""
        mapping = handler(schema)
        kinds = {cls.kind_name(): handler(cls.__pydantic_core_schema__) for cls in self.registry}
        others = False if self.only_kinds else {"required": ["kind"], **mapping["additionalProperties"]}
        return {**mapping, "properties": kinds, "additionalProperties": others}


def _dump_written(value: KindSettings, info: core_schema.SerializationInfo) -> dict[str, Any]:
    plain = value.model_dump(mode=info.mode, exclude_unset=True, context=info.context)
    return {"kind": value.kind, **plain}


class KindName:
    """Annotation of a field that names a registered class: ``Annotated[str, KindName(KINDS)]``."""

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401  (pydantic's protocol)
        handler: GetCoreSchemaHandler,
    ) -> core_schema.CoreSchema:
        """Validate by the registry as it is then."""
        return core_schema.no_info_after_validator_function(self._known, core_schema.str_schema())

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the kinds that are registered now."""
        return {"type": "string", "enum": list(self.registry.kinds)}

    def _known(self, kind: str) -> str:
        if not self.registry.find(kind):
            *others, last = (repr(known) for known in self.registry.kinds)
            expected = f"{', '.join(others)} or {last}" if others else last
            raise PydanticKnownError("literal_error", {"expected": expected})
        return kind


def home_of(cls: type[KindSettings]) -> str:
    """Return the name of the module that implements ``cls``."""
    return cls.home or cls.__module__
