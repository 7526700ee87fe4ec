"""MID (Wang et al., AAAI 2021): a variational bottleneck bounds what T's feature says about a picture."""

from torch import Tensor, nn

from trainables.defenses.defense import DefenseLoss, plain_loss
from trainables.models.bottleneck import BottleneckTarget, divergence_from_normal
from trainables.models.suffix import Suffix
from trainables.models.target_model import TargetModel


class BottleneckMissing(ValueError):
    """MID needs a T with a bottleneck."""


class MID:
    """CE + lambda_mid KL(N(mean, sigma) || N(0, 1)), one sample of the bottleneck for each picture.

    lambda_mid is the beta of the published code. T is built with its bottleneck: ``build_target(...,
    defense=settings)``.
    """

    from_prefix = True

    def __init__(self, lambda_mid: float) -> None:
        self.lambda_mid = lambda_mid

    def prepare(self, model: TargetModel) -> None:
        """Freeze nothing. Raises ``BottleneckMissing`` for a T without a bottleneck."""
        _with_bottleneck(model)

    def train_mode(self, model: TargetModel) -> None:
        """Put ``model`` into training mode: its bottleneck draws from the global generator."""
        model.train()

    def loss(self, model: TargetModel, images: Tensor, labels: Tensor, num_classes: int) -> DefenseLoss:
        """Return the loss of ``images`` (B, C, S, S) in [0, 1]; KL is summed over the bottleneck's width."""
        output = _with_bottleneck(model).forward_bottleneck(images)
        divergence = divergence_from_normal(output.mean.float(), output.log_sigma.float())
        plain = plain_loss(output.logits, labels)
        return plain._replace(total=plain.total + self.lambda_mid * divergence, kl=divergence.detach())


def _with_bottleneck(model: nn.Module) -> BottleneckTarget | Suffix:
    if isinstance(model, BottleneckTarget | Suffix):
        return model
    raise BottleneckMissing(f"{type(model).__name__}: MID needs a T with a bottleneck; build it for MID")
