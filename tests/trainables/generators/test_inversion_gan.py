"""One step of each network against equations written out, and what a training sees and leaves alone."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from search_spaces import seed_stream
from search_spaces.attacks import InversionGenerator
from tests.trainables.generators.slow_adam import slow_adam
from trainables.generators import GANPrior
from trainables.generators.inversion_gan import (
    InversionGAN,
    InversionTraining,
    gan_tensors,
    load_gan,
    untrained_gan,
)
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.weights.fitting import WeightsMismatch

CLASSES, COUNT = 3, 20
SETTINGS = InversionGenerator(
    width=4, critic_width=4, z_dim=5, generator_steps=2, batch_size=6, learning_rate=1e-3, entropy_weight=0.05
)


def public() -> Tensor:
    return torch.randint(0, 256, (COUNT, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()


def soft_labels() -> Tensor:
    return torch.randn(COUNT, CLASSES, generator=torch.Generator().manual_seed(1)).double().softmax(1)


LIKE = torch.zeros(1).double()


def prior() -> GANPrior:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return GANPrior(
            ConvolutionalGenerator(5, 1, 4, 8).double().eval().requires_grad_(False), Critic(1, 4, 8), 5
        )


def training(**changes: object) -> InversionTraining:
    settings = SETTINGS.model_copy(update=changes)
    gan = untrained_gan(settings, prior(), public(), CLASSES, LIKE)
    return InversionTraining(settings, gan, public(), lambda indices: soft_labels()[indices])


def first_batch(name: str) -> Tensor:
    """Return the indices of the first batch of a shuffle of the public pictures."""
    stream = torch.Generator().manual_seed(seed_stream(0, "inversion_gan", name))
    return torch.randperm(COUNT, generator=stream)[:6]


def first_step_of_adam(parameter: Tensor, gradient: Tensor) -> Tensor:
    """Return the parameter after one step: both moments, corrected, are the gradient and its square."""
    return parameter - 1e-3 * gradient / (gradient.square().sqrt() + 1e-8)


def assert_stepped(before: nn.Module, after: nn.Module, loss: Tensor) -> None:
    parameters = list(before.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    for old, new, gradient in zip(parameters, after.parameters(), gradients, strict=True):
        # where a bias in front of a normalisation has no gradient but rounding, Adam makes a step of that
        expected = torch.where(gradient.abs() > 1e-12, first_step_of_adam(old, gradient), new)
        assert (new - expected).abs().max() < 1e-10
        assert (new - old).abs().max() <= 1e-3 * (1 + 1e-6)
    assert max(float(gradient.abs().max()) for gradient in gradients) > 1e-3


def test_a_discriminator_step_follows_the_equations() -> None:
    own = training()
    before, generator = copy.deepcopy(own.gan.discriminator), copy.deepcopy(own.gan.generator)
    own.discriminator_step()
    latents = torch.Generator().manual_seed(seed_stream(0, "inversion_gan", "latents"))
    fake = generator(
        torch.randn(6, 5, generator=latents).double()
    ).detach()  # training mode: batch statistics
    labelled, unlabelled = first_batch("labelled"), first_batch("unlabelled")
    loss = torch.zeros(()).double()
    for b in range(6):
        known = before(public()[labelled[b : b + 1]].double() / 255).logits[0]
        soft = soft_labels()[labelled[b]]
        loss = loss - (soft * (known.exp() / known.exp().sum()).log()).sum() / 6
        real = before(public()[unlabelled[b : b + 1]].double() / 255).logits[0].exp().sum()
        made = before(fake[b : b + 1]).logits[0].exp().sum()
        loss = loss - 0.5 * (real / (1 + real)).log() / 6 - 0.5 * (1 / (1 + made)).log() / 6
    assert_stepped(before, own.gan.discriminator, loss)
    assert all(
        torch.equal(old, new)
        for old, new in zip(generator.parameters(), own.gan.generator.parameters(), strict=True)
    )


def test_a_generator_step_follows_the_equations() -> None:
    own = training()
    before, discriminator = copy.deepcopy(own.gan.generator), copy.deepcopy(own.gan.discriminator)
    own.generator_step()
    latents = torch.Generator().manual_seed(seed_stream(0, "inversion_gan", "latents"))
    fake = discriminator(before(torch.randn(6, 5, generator=latents).double()))
    real = discriminator(public()[first_batch("matched")].double() / 255).feature
    loss = torch.zeros(()).double()
    for dimension in range(real.shape[1]):
        gap = sum(fake.feature[b, dimension] - real[b, dimension] for b in range(6)) / 6
        loss = loss + gap.abs() / real.shape[1]
    for b in range(6):
        shares = fake.logits[b].exp() / fake.logits[b].exp().sum()
        loss = loss - 0.05 * (shares * shares.log()).sum()
    assert_stepped(before, own.gan.generator, loss)
    assert all(
        torch.equal(old, new)
        for old, new in zip(discriminator.parameters(), own.gan.discriminator.parameters(), strict=True)
    )
    assert all(parameter.requires_grad for parameter in own.gan.discriminator.parameters())


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_further_steps_are_those_of_adam_with_the_published_betas(network: str) -> None:
    """The first step of Adam would not tell its betas; gradients are those of the tests above."""
    own = training()
    stepped = getattr(own.gan, network)
    weights = [each.detach().clone() for each in stepped.parameters()]
    seen: list[list[Tensor]] = [[] for _ in weights]
    for _ in range(3):
        getattr(own, f"{network}_step")()
        slow_adam(weights, seen, [each.grad.clone() for each in stepped.parameters()], 1e-3)
    for expected, after in zip(weights, stepped.parameters(), strict=True):
        torch.testing.assert_close(after.detach(), expected, rtol=0, atol=1e-10)


def test_steps_are_those_asked_for() -> None:
    own = training(critic_warmup_steps=4, critic_steps_per_generator_step=3)
    taken: list[str] = []
    for name in ("discriminator_step", "generator_step"):
        setattr(own, name, lambda name=name: taken.append(name[0]))
    own.run()
    assert "".join(taken) == "dddd" + "dddg" * 2


def test_the_three_shuffles_differ_and_visit_every_picture() -> None:
    own = training(batch_size=5)
    orders = [
        torch.cat([next(stream) for _ in range(4)]) for stream in (own.labelled, own.unlabelled, own.matched)
    ]
    assert all(sorted(order.tolist()) == list(range(COUNT)) for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 3


def trained(**changes: object) -> InversionGAN:
    own = training(**changes)
    own.run()
    return own.gan


def test_the_same_bits_whatever_the_global_generator() -> None:
    first = gan_tensors(trained())
    with torch.random.fork_rng():
        torch.manual_seed(99)
        state = torch.get_rng_state()
        second = gan_tensors(trained())
        assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = gan_tensors(trained(seed=1))
    assert not torch.equal(first["discriminator.head.weight"], other["discriminator.head.weight"])


def test_networks_have_the_priors_type_and_start() -> None:
    source = prior()
    scratch = untrained_gan(SETTINGS, source, public(), CLASSES, LIKE)
    tuned = untrained_gan(
        SETTINGS.model_copy(update={"start": "prior", "z_dim": 99}), source, public(), CLASSES, LIKE
    )
    for gan in (scratch, tuned):
        assert all(tensor.dtype == torch.float64 for tensor in gan.generator.parameters())
        assert all(tensor.dtype == torch.float64 for tensor in gan.discriminator.parameters())
        assert all(tensor.requires_grad for tensor in gan.generator.parameters())
    assert tuned.z_dim == 5
    pairs = zip(tuned.generator.parameters(), source.generator.parameters(), strict=True)
    assert all(torch.equal(own, its) and own is not its for own, its in pairs)
    assert not torch.equal(next(scratch.generator.parameters()), next(source.generator.parameters()))


def test_fewer_pictures_than_a_batch() -> None:
    assert all(tensor.isfinite().all() for tensor in gan_tensors(trained(batch_size=64)).values())


def test_training_brings_mean_features_together() -> None:
    own = training(learning_rate=5e-3, entropy_weight=0.0)
    real = public().double() / 255
    latents = torch.randn(64, 5, generator=torch.Generator().manual_seed(5)).double()

    def gap() -> float:
        with torch.no_grad():
            features = [own.discriminator(each).feature.mean(0) for each in (own.generator(latents), real)]
        return float((features[0] - features[1]).abs().mean())

    before = gap()
    for _ in range(60):
        own.generator_step()
    assert gap() < 0.8 * before


def test_weights_come_back_and_those_of_another_are_refused() -> None:
    source = trained()
    blank = untrained_gan(SETTINGS.model_copy(update={"seed": 5}), prior(), public(), CLASSES, LIKE)
    loaded = load_gan(blank, gan_tensors(source))
    latents = torch.randn(4, 5).double()
    source.generator.eval()
    assert torch.equal(loaded.generator(latents), source.generator(latents))
    assert not any(parameter.requires_grad for parameter in loaded.discriminator.parameters())
    wide = untrained_gan(SETTINGS, prior(), public(), CLASSES + 1, LIKE)
    with pytest.raises(WeightsMismatch, match=r"discriminator\.head"):
        load_gan(wide, gan_tensors(source))
    assert math.isfinite(float(loaded.generator(latents).sum()))
