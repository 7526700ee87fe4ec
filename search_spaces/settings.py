"""The base class of every settings class: frozen, strict about unknown names, stable in its identity."""

from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

PLUGIN = "plugin"
"""The key under which dumped settings of a plugin hold the hash of its file."""


class Settings(BaseModel):
    """A group of validated, immutable values; unknown names are refused.

    Identities are hashes of dumped settings. A field that is added after a class was released belongs in
    ``omitted_defaults``: it is left out of dumps and identities while it has its default, so what was made
    before keeps its identity. A released default never changes, else one identity would have two meanings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    omitted_defaults: ClassVar[frozenset[str]] = frozenset()
    """Fields that are left out of dumps while they have their default."""
    plugin_hash: ClassVar[str | None] = None
    """Hash of the plugin file that defines this class; part of its dumps. ``None``: the class is built in."""

    @model_validator(mode="before")
    @classmethod
    def _check_plugin(cls, values: Any) -> Any:  # noqa: ANN401  (plain values)
        """Take the plugin's hash out of dumped ``values``; another file than the one loaded is refused."""
        if cls.plugin_hash is None or not isinstance(values, dict) or PLUGIN not in values:
            return values
        if values[PLUGIN] != cls.plugin_hash:
            raise ValueError(
                f"made with plugin file {values[PLUGIN]}, but {cls.plugin_hash} is loaded: the plugin has "
                "changed; name the file that it was made with"
            )
        return {name: value for name, value in values.items() if name != PLUGIN}

    @model_serializer(mode="wrap")
    def _without_added_defaults(self, values_of: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = values_of(self)
        cls = type(self)
        if cls.plugin_hash is not None:
            values = {**values, PLUGIN: cls.plugin_hash}
        if not cls.omitted_defaults:
            return values
        fields = cls.model_fields
        return {
            name: value
            for name, value in values.items()
            if name not in cls.omitted_defaults or getattr(self, name) != fields[name].get_default()
        }


def _dump_written(value: Settings, info: SerializationInfo) -> dict[str, Any]:
    return value.model_dump(mode=info.mode, exclude_unset=True, context=info.context)


AS_WRITTEN = PlainSerializer(_dump_written)
"""Annotation of a field whose dumps hold only the settings that were given, the others being open."""
