"""The rest of a T behind its frozen prefix, as a network of its own."""

from torch import Tensor, nn

from trainables.models.target_model import TargetModel, TargetOutput, Trace


class Suffix(nn.Module):
    """The rest of ``model`` from the output of its first ``depth`` units on; shares its parameters."""

    def __init__(self, model: TargetModel, depth: int) -> None:
        super().__init__()
        self.model = model
        self.depth = depth

    def forward(self, activations: Tensor) -> TargetOutput:
        """Return feature and logits from the output of the prefix."""
        return self.model.from_unit(activations, self.depth)

    def trace(self, activations: Tensor, with_hidden: bool = False) -> Trace:
        """Return what ``TargetModel.trace`` does, from the output of the prefix."""
        return self.model.trace_from(activations, self.depth, with_hidden)
