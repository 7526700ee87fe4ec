"""VMI's ResNet-34 against its layers written out."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainables.models.low_shot_resnet import LowShotResNet


def written_out(state: dict[str, Tensor], pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Return the output of fc1 and the logits of ``pictures``: convolutions, then BatchNorm, then ReLU."""

    def norm(activations: Tensor, name: str) -> Tensor:
        parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(activations, *parts)

    def convolved(activations: Tensor, name: str, number: int, stride: int) -> Tensor:
        weight = state[f"{name}.{number}.weight"]
        convolution = F.conv2d(activations, weight, stride=stride, padding=weight.shape[-1] // 2)
        return norm(convolution, f"{name}.{number + 1}")

    activations = F.relu(convolved(2 * pictures - 1, "units.stem", 0, 2))
    activations = F.max_pool2d(activations, 3, 2, 1)
    for stage, blocks in ((1, 3), (2, 4), (3, 6), (4, 3)):
        for block in range(blocks):
            name = f"units.layer{stage}_{block}"
            half = stage > 1 and block == 0
            inner = F.relu(convolved(activations, f"{name}.residual", 0, 2 if half else 1))
            inner = convolved(inner, f"{name}.residual", 3, 1)
            short = convolved(activations, f"{name}.shortcut", 0, 2) if half else activations
            activations = F.relu(inner + short)
    pooled = F.relu(F.avg_pool2d(activations, 2).flatten(1))
    fc1 = F.linear(norm(pooled, "units.fc1.3"), state["units.fc1.4.weight"], state["units.fc1.4.bias"])
    return fc1, F.linear(norm(F.relu(fc1), "neck.1"), state["head.weight"], state["head.bias"])


def test_network_is_the_published_one() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LowShotResNet(4).double()
        model.train()(torch.rand(4, 3, 64, 64).double())
    pictures = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        hidden, _, logits, _ = model.eval().trace(pictures)
        fc1, expected = written_out(model.state_dict(), pictures)
    torch.testing.assert_close(hidden[-2], fc1)
    torch.testing.assert_close(logits, expected)


def test_the_seven_hidden_layers_of_the_published_bido() -> None:
    with torch.device("meta"):
        hidden = LowShotResNet(4).trace(torch.rand(2, 3, 64, 64)).hidden
    shapes = [tuple(each.shape[1:]) for each in hidden]
    assert shapes == [(64, 16, 16), (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2), (128,), (128,)]


def test_initial_convolutions_are_normal_with_the_fan_out() -> None:
    """Deviation sqrt(2 / (k k channels out))."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weight = LowShotResNet(4).units["layer3_1"].residual[0].weight.detach()
    assert abs(float(weight.std()) / (2 / (9 * 256)) ** 0.5 - 1) < 0.01
