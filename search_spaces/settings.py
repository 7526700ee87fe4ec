"""The base class of every settings class: frozen, strict about unknown names."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Settings(BaseModel):
    """A group of validated, immutable values; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Extended(Settings):
    """Settings of which some, the ``unwritten``, are left out of rows and identities at their default.

    So a setting can be added without giving another identity to what does not use it.
    """

    unwritten: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_defaults(self, values_of: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = values_of(self)
        fields = type(self).model_fields
        return {
            name: value
            for name, value in values.items()
            if name not in self.unwritten or value != fields[name].default
        }
