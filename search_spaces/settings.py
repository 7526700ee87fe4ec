"""The base class of every settings class: frozen, strict about unknown names."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A group of validated, immutable values; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
