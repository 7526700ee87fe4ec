"""RoLSS (ECCV 2024, arXiv 2409.01696): some skip connections of T are removed or made weaker.

They carry the gradient of an attack to the picture.
"""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from search_spaces.defenses.rolss import RoLSS, stage_index
from trainables.defenses.part import Part
from trainables.implementations import implements
from trainables.models.target_model import TargetModel


class ScaledSkip(nn.Sequential):
    """A skip connection times ``scale``; its weights keep their names."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, activations: Tensor) -> Tensor:
        """Return the skip connection's part of the block's sum.

        A removed one is a zero that is broadcast, and computes nothing: no BatchNorm in it changes either.
        """
        if self.scale == 0:
            return activations.new_zeros((1, 1, 1, 1))
        for layer in self:
            activations = layer(activations)
        return activations * self.scale


@implements(RoLSS)
class ChangedSkips(Part[RoLSS]):
    """T whose blocks in some stages are z = f(x) + k skip(x) in place of f(x) + skip(x).

    T keeps all parameters, so that D_pretrain weights fit; those of removed skip connections do not change.
    """

    def network(self, model: TargetModel) -> TargetModel:
        """Return ``model``, changed in place. Raises ``ValueError`` when it has no such skip connections."""
        for block in self._blocks(model):
            _scale_skip(block, self.settings.skip_scale)
        return model

    def prepare(self, model: TargetModel) -> None:
        """Leave the weights of removed skip connections out of the training."""
        if self.settings.skip_scale == 0:
            for block in self._blocks(model):
                getattr(block, skip_name(block)).requires_grad_(False)

    def _blocks(self, model: TargetModel) -> Iterator[nn.Module]:
        stages: Sequence[Sequence[str]] = model.residual_stages
        for stage in self.settings.skip_stages:
            place = stage_index(stage, len(stages))
            if not 0 <= place < len(stages):
                raise ValueError(
                    f"skip_stages {stage!r}: {type(model).__name__} has {len(stages)} stages of skip "
                    "connections; choose one of them, or a network that has them"
                )
            for name in stages[place]:
                yield model.units[name]


def skip_name(block: nn.Module) -> str:
    """Return the attribute of ``block`` that makes its skip connection: ``shortcut`` or ``downsample``.

    Raises ``ValueError`` when it has neither.
    """
    for name in ("shortcut", "downsample"):
        if hasattr(block, name):
            return name
    raise ValueError(
        f"{type(block).__name__} has no skip connection in an attribute shortcut or downsample that could be "
        "scaled"
    )


def _scale_skip(block: nn.Module, scale: float) -> None:
    """Multiply the skip connection of ``block`` by ``scale``; ``None``, in torchvision, is the identity."""
    name = skip_name(block)
    skip, changed = getattr(block, name), ScaledSkip(scale)
    if isinstance(skip, nn.Sequential):
        for own, child in skip.named_children():
            changed.add_module(own, child)
    elif skip is not None:
        changed.append(skip)
    setattr(block, name, changed)
