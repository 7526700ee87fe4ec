"""The bottleneck of MID: its distribution, its divergence, and when it draws which noise."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from search_spaces.defenses import Defense
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID, Prediction
from search_spaces.targets import Architecture, TargetSettings
from trainables.attacks.inference import inference_copy
from trainables.defenses import build_defense
from trainables.models import BottleneckTarget, build_target, divergence_from_normal
from trainables.models.bottleneck import log_softplus, with_bottleneck
from trainables.models.ir_network import IRTarget
from trainables.models.picture_noise import picture_noise
from trainables.models.target_model import TargetModel

PICTURES = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def built(prediction: Prediction = "sampled", architecture: Architecture = "small_vgg") -> BottleneckTarget:
    settings = TargetSettings(architecture=architecture)
    model = build_defense(Defense.of(MID(prediction=prediction)), 0).network(
        build_target(settings, 3, 16, seed=0)
    )
    assert isinstance(model, BottleneckTarget)
    return model.eval()


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_divergence_is_that_of_torch_distributions(mean: float, log_sigma: float) -> None:
    mean, log_sigma = mean / 50, log_sigma / 100
    exact = torch.distributions.kl_divergence(
        torch.distributions.Normal(torch.tensor(mean, dtype=torch.float64), math.exp(log_sigma)),
        torch.distributions.Normal(torch.tensor(0.0).double(), 1.0),
    )
    found = divergence_from_normal(
        torch.tensor([[mean]], dtype=torch.float64), torch.tensor([[log_sigma]], dtype=torch.float64)
    )
    torch.testing.assert_close(found, exact)


def test_divergence_is_summed_over_the_width_and_averaged_over_the_batch() -> None:
    mean, log_sigma = torch.zeros(4, 3), torch.zeros(4, 3)
    mean[0, 1] = 2.0
    assert divergence_from_normal(mean, log_sigma).item() == pytest.approx(2.0 / 4)


@pytest.mark.parametrize("value", [-1e30, -200.0, -15.1, -15.0, -14.9, -1.0, 0.0, 3.0, 90.0])
def test_log_softplus_and_its_slope_are_finite_and_right(value: float) -> None:
    values = torch.tensor(value, requires_grad=True)
    found = log_softplus(values)
    found.backward()
    exact = value if value < -30 else math.log(math.log1p(math.exp(value)))
    slope = 1.0 if value < -30 else 1 / (1 + math.exp(-value)) / math.log1p(math.exp(value))
    assert found.item() == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert values.grad is not None
    assert values.grad.item() == pytest.approx(slope, rel=1e-5)


def test_sigma_is_the_softplus_of_the_shifted_encoder() -> None:
    model = built()
    output = model.trace(PICTURES, False)
    activations = model.normalise(PICTURES)
    for unit in model.units.values():
        activations = unit(activations)
    width = model.head.in_features
    encoded = model.neck.encoder(activations.flatten(1))
    torch.testing.assert_close(output.made["mean"], encoded[:, :width])
    torch.testing.assert_close(
        output.made["log_sigma"].exp(), torch.nn.functional.softplus(encoded[:, width:] - 5)
    )
    torch.testing.assert_close(output.logits, model.head(output.feature))


def test_mean_prediction_is_the_mean() -> None:
    output = built("mean").trace(PICTURES, False)
    assert torch.equal(output.feature, output.made["mean"])


def test_a_sample_is_mean_plus_sigma_times_the_noise_of_the_picture() -> None:
    output = built().trace(PICTURES, False)
    noise = picture_noise(PICTURES, output.made["mean"].shape[1])
    torch.testing.assert_close(output.feature, output.made["mean"] + output.made["log_sigma"].exp() * noise)


def test_sampled_rows_do_not_depend_on_the_batch_or_on_earlier_questions() -> None:
    model = built()
    together = model(PICTURES).logits
    alone = torch.cat([model(picture[None]).logits for picture in PICTURES.flip(0)]).flip(0)
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-5)
    assert torch.equal(model(PICTURES).logits, together)
    assert torch.equal(model.trace(PICTURES, True).logits, together)


def test_training_draws_new_noise_whatever_the_prediction() -> None:
    model = built("mean").train()
    for norm in (part for part in model.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = model.trace(PICTURES, False), model.trace(PICTURES, False)
        torch.manual_seed(0)
        again = model.trace(PICTURES, False)
    assert torch.equal(first.made["mean"], second.made["mean"])
    assert not torch.allclose(first.feature, second.feature)
    assert torch.equal(first.feature, again.feature)


def test_both_parts_of_the_distribution_are_trained() -> None:
    model = built().train()
    output = model.trace(PICTURES, False)
    loss = output.logits.square().sum() + divergence_from_normal(
        output.made["mean"], output.made["log_sigma"]
    )
    loss.backward()
    gradient = model.neck.encoder.weight.grad
    assert gradient is not None
    assert all(part.abs().sum() > 0 for part in gradient.chunk(2))


@pytest.mark.parametrize("depth", [0, 2, 6])
def test_the_distribution_from_any_unit_is_the_same(depth: int) -> None:
    model = built("mean")
    activations = model.normalise(PICTURES)
    for unit in list(model.units.values())[:depth]:
        activations = unit(activations)
    found, expected = model.trace_from(activations, depth, False), model.trace(PICTURES, False)
    torch.testing.assert_close(found.feature, expected.feature)
    torch.testing.assert_close(found.logits, expected.logits)
    torch.testing.assert_close(found.made, expected.made)


@pytest.mark.parametrize(("defense", "bottleneck"), [
    (Defense(), False), (Defense.of(TLDMI(freeze_depth=1)), False),
    (Defense.of(MID()), True), (Defense.of(TLDMI(freeze_depth=1), MID()), True),
])  # fmt: skip
def test_only_mid_has_a_bottleneck(defense: Defense, bottleneck: bool) -> None:
    settings = TargetSettings(architecture="small_vgg")
    model = build_defense(defense, 0).network(build_target(settings, 3, 16, seed=0))
    assert isinstance(model, BottleneckTarget) == bottleneck


def test_the_units_are_those_of_the_same_target_without_a_bottleneck() -> None:
    plain = build_target(TargetSettings(architecture="small_vgg"), 3, 16, seed=0)
    model = built()
    for name, tensor in plain.units.state_dict().items():
        assert torch.equal(model.units.state_dict()[name], tensor)
    assert model.freeze_units == plain.freeze_units
    assert model.hidden_units == plain.hidden_units


def test_new_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(9)
    assert torch.equal(built().neck.encoder.weight, built().neck.encoder.weight)
    settings = TargetSettings(architecture="small_vgg")
    other = build_defense(Defense.of(MID()), 1).network(build_target(settings, 3, 16, seed=1))
    assert not torch.equal(other.head.weight, built().head.weight)


@pytest.mark.parametrize(
    ("architecture", "dropped", "kept"),
    [
        ("small_vgg", [nn.BatchNorm1d], [nn.Flatten]),
        ("resnet34", [nn.ReLU, nn.BatchNorm1d], []),
        ("resnet18", [], [nn.AdaptiveAvgPool2d, nn.Flatten]),
    ],
)
def test_layers_that_the_published_form_drops_are_gone(
    architecture: Architecture, dropped: list[type[nn.Module]], kept: list[type[nn.Module]]
) -> None:
    with torch.device("meta"):
        model = build_defense(Defense.of(MID()), 0).network(
            build_target(TargetSettings(architecture=architecture), 3, 32, seed=0)
        )
    parts = list(model.neck.modules())
    assert not any(isinstance(part, tuple(dropped)) for part in parts)
    assert all(any(isinstance(part, one) for part in parts) for one in kept)


def ir_bottleneck(prediction: Prediction) -> BottleneckTarget:
    """Return a small IR network under MID, with statistics of a few pictures."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = with_bottleneck(IRTarget(3, (1, 1, 1, 1), 16), prediction).train()
        model(PICTURES)
    return model.eval()


@pytest.mark.parametrize("prediction", ["mean", "sampled"])
@pytest.mark.parametrize("build", [built, ir_bottleneck])
def test_the_copy_for_attacks_answers_the_same(
    build: Callable[[Prediction], BottleneckTarget], prediction: Prediction
) -> None:
    model = build(prediction)
    with torch.no_grad():
        expected, found = model(PICTURES).logits, inference_copy(model)(PICTURES).logits
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def gradient_of(model: TargetModel, picture: Tensor) -> Tensor:
    free = picture.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(free).logits[0, 0], free)
    return gradient


def test_attacks_get_the_gradient_through_mean_and_sigma() -> None:
    """For fixed noise the answer is smooth: its gradient predicts the change along a direction."""
    model = built().double()
    picture = PICTURES[:1].double()
    direction = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1)).double()
    step = 1e-7 * direction
    assert torch.equal(picture_noise(picture + step, 9), picture_noise(picture - step, 9))
    with torch.no_grad():
        change = (model(picture + step).logits - model(picture - step).logits)[0, 0] / 2e-7
    predicted = (gradient_of(model, picture) * direction).sum()
    torch.testing.assert_close(change, predicted, rtol=1e-4, atol=1e-7)
