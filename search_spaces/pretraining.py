"""Pre-training of T's body as part of a sweep: on which pictures (D_pretrain) and how long."""

from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, Tag, model_validator

from search_spaces.datasets import AnyDataset
from search_spaces.files import Weights
from search_spaces.recipes import expanded
from search_spaces.settings import Settings


class Pretraining(Settings):
    """T's network learns the classes of D_pretrain first; its body is what every T of the sweep starts from.

    Values that are not given are those of T itself, or of ``recipe`` where it is given.
    """

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"least_steps"})

    name: Annotated[str, Field(pattern=r"^\w[\w .+-]{0,39}$")]
    """What rows, labels and pages call D_pretrain."""
    data: AnyDataset | None = None
    """The network learns the private classes of these data. ``None``: the public classes of the sweep's own
    data, the nearest D_pretrain there is."""
    recipe: str | None = None
    """A named recipe (``search_spaces/recipes.py``)."""
    epochs: Annotated[int, Field(ge=1, le=10000)] | None = None
    least_steps: Annotated[int, Field(ge=1)] | None = None
    """As in ``TargetSettings``."""
    batch_size: Annotated[int, Field(ge=2, le=65536)] | None = None
    optimizer: Annotated[str, Field(pattern="^(sgd|adam)$")] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _known_recipe(self) -> "Pretraining":
        expanded({"recipe": self.recipe})
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The values of the recipe that are given."""
        names = ("epochs", "least_steps", "batch_size", "optimizer", "learning_rate")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def _kind_of_weights(value: Any) -> str:  # noqa: ANN401  (plain YAML values, or settings)
    described = isinstance(value, Pretraining) or (isinstance(value, dict) and "path" not in value)
    return "pretraining" if described else "weights"


StartingWeights = Annotated[
    Annotated[Pretraining, Tag("pretraining")] | Annotated[Weights, Tag("weights")],
    Discriminator(_kind_of_weights),
]
"""What T starts from: D_pretrain weights by name or file, a pre-training of the sweep, or ``None``."""
