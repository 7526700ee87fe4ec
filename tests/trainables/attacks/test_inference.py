"""Copies made ready for an attack compute the same function and leave the original alone."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from search_spaces.attacks import GMI
from trainables.attacks.brepmi import LabelOracle
from trainables.attacks.inference import LowPrecision, full_precision, inference_copy, latent_like
from trainables.models.small_vgg import small_vgg


def _used(module: nn.Module, inputs: Tensor) -> nn.Module:
    """Return ``module`` in float64 with running statistics of some batches behind it."""
    module = module.double().train()
    with torch.no_grad():
        for _ in range(3):
            module(inputs)
    return module


def _networks() -> dict[str, tuple[nn.Module, Tensor]]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pictures, latents = torch.rand(6, 1, 16, 16).double(), torch.randn(6, 5).double()
        generator = nn.Sequential(
            nn.Linear(5, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Unflatten(1, (2, 4, 4)),
            nn.ConvTranspose2d(2, 4, 5, 2, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 1, 3),
        )  # fmt: skip
        unfoldable = nn.Sequential(
            parametrizations.weight_norm(nn.Conv2d(1, 4, 3)), nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.BatchNorm2d(4), nn.Flatten(),
        )  # fmt: skip
        return {
            "target": (small_vgg(3, 16), pictures),
            "generator": (generator, latents),
            "others": (unfoldable, pictures),
        }


@pytest.mark.parametrize("name", ["target", "generator", "others"])
def test_the_copy_computes_the_same(name: str) -> None:
    module, inputs = _networks()[name]
    module = _used(module, inputs)
    ready = inference_copy(module)
    module.eval()
    expected, result = module(inputs), ready(inputs)
    if name == "target":
        torch.testing.assert_close(result.feature, expected.feature)
        expected, result = expected.logits, result.logits
    torch.testing.assert_close(result, expected)


def test_the_original_is_untouched() -> None:
    module, inputs = _networks()["generator"]
    module = _used(module, inputs)
    before = copy.deepcopy(module.state_dict())
    inference_copy(module)(inputs)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


def test_batch_norms_behind_convolutions_are_gone_and_nothing_wants_gradients() -> None:
    ready = inference_copy(small_vgg(3, 16))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in ready.modules())
    assert not any(parameter.requires_grad for parameter in ready.parameters())
    assert not any(part.training for part in ready.modules())


def test_the_oracle_gives_labels_and_counts_pictures() -> None:
    module, inputs = _networks()["target"]
    module = _used(module, inputs).eval()
    oracle = LabelOracle(module)
    labels = oracle(inputs)
    assert labels.dtype == torch.int64
    assert torch.equal(labels, module(inputs).logits.argmax(1))
    oracle(inputs[:2])
    assert oracle.queries == 8


def test_low_precision_computes_in_bfloat16_and_answers_in_the_type_of_its_input() -> None:
    ready = inference_copy(small_vgg(3, 16), GMI(mixed_precision=True))
    assert isinstance(ready, LowPrecision)
    seen: list[torch.dtype] = []
    inner = full_precision(ready)
    inner.units["conv2"].register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    pictures = torch.rand(2, 3, 16, 16)
    output, exact = ready(pictures), inner(pictures)
    assert seen == [torch.bfloat16, torch.float32]
    assert {part.dtype for part in (*output, latent_like(ready))} == {torch.float32}
    assert not torch.equal(output.logits, exact.logits)
    torch.testing.assert_close(output.logits, exact.logits, atol=0.05, rtol=0.05)
    assert full_precision(inner) is inner


def test_networks_are_compiled_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []
    monkeypatch.setattr(nn.Module, "compile", lambda module: compiled.append(module))
    module = small_vgg(3, 16)
    inference_copy(module)
    inference_copy(module, GMI())
    assert compiled == []
    assert inference_copy(module, GMI(compile=True)) is compiled[0]
    assert compiled[0] is not module
