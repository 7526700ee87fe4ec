"""The document of ``trials``."""

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from orchestrator.documents.document import Document


class TrialRow(Document):
    """A trial that has ended; after ``defense`` come the parameters of the sweep's defences by name."""

    __pydantic_extra__: dict[str, bool | int | float | str | None] = Field(init=False)

    number: int
    role: str
    state: Literal["done", "failed"]
    label: str
    defense: str | None
    control: str | None
    seed: int | None
    architecture: str | None
    pretrained: str | None
    epochs: int | None
    theta_c: int | None
    seconds: float | None
    host: str | None
    reason: str | None
    acc: float | None
    worst_att_acc: float | None
    trial_id: str | None
    target_id: str | None

    @model_serializer(mode="wrap")
    def _print_parameters_after_defense(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = dump(self)
        fields = [*type(self).model_fields]
        after = fields.index("defense") + 1
        return {name: plain[name] for name in (*fields[:after], *(self.model_extra or ()), *fields[after:])}


class TrialsDocument(Document):
    """``trials``: the ended trials that were asked for, in the order asked for."""

    sweep_id: str
    store: str
    trials: list[TrialRow]
