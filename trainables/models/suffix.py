"""The rest of a T behind its frozen prefix, as a network of its own."""

from torch import Tensor, nn

from trainables.models.bottleneck import BottleneckOutput, BottleneckTarget
from trainables.models.target_model import TargetModel, TargetOutput


class Suffix(nn.Module):
    """The rest of ``model`` from the output of its first ``depth`` units on; shares its parameters."""

    def __init__(self, model: TargetModel, depth: int) -> None:
        super().__init__()
        self.model = model
        self.depth = depth

    def forward(self, activations: Tensor) -> TargetOutput:
        """Return feature and logits from the output of the prefix."""
        return self.model.from_unit(activations, self.depth)

    def forward_bottleneck(self, activations: Tensor) -> BottleneckOutput:
        """Return the distribution of MID too. Raises ``TypeError`` for a T without a bottleneck."""
        if not isinstance(self.model, BottleneckTarget):
            raise TypeError(f"{type(self.model).__name__} has no bottleneck")
        return self.model.bottleneck_from_unit(activations, self.depth)
