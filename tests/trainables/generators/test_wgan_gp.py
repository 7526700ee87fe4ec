"""The WGAN-GP losses against slow references, and what training does."""

import copy

import pytest
import torch
from torch import Tensor, nn

from search_spaces.priors import WGANGP
from tests.trainables.generators.slow_adam import slow_adam
from trainables.generators import wgan_gp
from trainables.generators.networks import ConvolutionalGenerator, Critic
from trainables.generators.wgan_gp import Training, critic_loss, gradient_penalty, train_wgan_gp


def public(count: int = 24) -> torch.Tensor:
    """Return noisy pictures that are bright above and dark below."""
    noise = torch.randint(0, 100, (count, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    noise[:, :, :4] += 150
    return noise.byte()


def settings(**changes: object) -> WGANGP:
    return WGANGP(
        **{"z_dim": 3, "width": 4, "critic_width": 4, "batch_size": 8, "generator_steps": 1, **changes}
    )


def test_gradient_penalty_of_a_linear_critic_is_known() -> None:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False), nn.Flatten(0))
    critic[1].weight.data = torch.tensor([[1.0, 2.0, 2.0, 0.0]])  # norm 3
    torch.testing.assert_close(gradient_penalty(critic, torch.rand(5, 1, 2, 2)), torch.tensor(4.0))


def test_critic_loss_matches_differences_picture_by_picture() -> None:
    generator = torch.Generator().manual_seed(1)
    critic = Critic(1, 4, 8).double()
    real, fake = (torch.rand(3, 1, 8, 8, generator=generator, dtype=torch.float64) for _ in range(2))
    mix = torch.rand(3, generator=generator, dtype=torch.float64)
    penalties = []
    for x, g, a in zip(real, fake, mix, strict=True):
        point, step = (1 - a) * x + a * g, 1e-5
        slopes = []
        for pixel in range(64):
            nudge = torch.zeros(64, dtype=torch.float64)
            nudge[pixel] = step
            ends = torch.stack([point + nudge.view(1, 8, 8), point - nudge.view(1, 8, 8)])
            up, down = critic(ends).tolist()
            slopes.append((up - down) / (2 * step))
        penalties.append((torch.tensor(slopes, dtype=torch.float64).norm() - 1) ** 2)
    expected = critic(fake).mean() - critic(real).mean() + 7 * torch.stack(penalties).mean()
    torch.testing.assert_close(critic_loss(critic, real, fake, mix, 7.0), expected, rtol=1e-4, atol=1e-6)


def test_penalty_reaches_the_critics_weights() -> None:
    critic = Critic(1, 4, 8)
    gradient_penalty(critic, torch.rand(4, 1, 8, 8)).backward()
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0 for n, p in critic.named_parameters() if "weight" in n
    )


def test_critic_learns_to_tell_real_from_fake_and_the_generator_stays_during_warm_up() -> None:
    torch.manual_seed(0)
    generator, critic = ConvolutionalGenerator(3, 1, 4, 8), Critic(1, 4, 8)
    before = [parameter.clone() for parameter in generator.parameters()]
    train_wgan_gp(
        settings(generator_steps=0, critic_warmup_steps=40, learning_rate=5e-3), generator, critic, public()
    )
    assert all(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    with torch.no_grad():
        real, fake = public().float() / 255, generator(torch.randn(24, 3))
        assert critic(real).mean() > critic(fake).mean() + 0.1


def test_steps_are_those_asked_for() -> None:
    generator, critic = ConvolutionalGenerator(3, 1, 4, 8), Critic(1, 4, 8)
    asked = settings(generator_steps=2, critic_steps_per_generator_step=3, critic_warmup_steps=4)
    training = Training(asked, generator, critic, public())
    taken: list[str] = []
    for name in ("critic_step", "generator_step"):
        setattr(training, name, lambda name=name: taken.append(name[0]))
    training.run()
    assert "".join(taken) == "cccc" + "cccg" * 2


def test_generator_step_raises_the_critics_score_and_leaves_the_critic() -> None:
    torch.manual_seed(1)
    generator, critic = ConvolutionalGenerator(3, 1, 4, 8), Critic(1, 4, 8)
    training = Training(settings(learning_rate=1e-3), generator, critic, public())
    latents, kept = torch.randn(64, 3), [parameter.clone() for parameter in critic.parameters()]
    before = critic(generator(latents)).mean()
    for _ in range(10):
        training.generator_step()
    assert critic(generator(latents)).mean() > before
    assert all(torch.equal(a, b) for a, b in zip(kept, critic.parameters(), strict=True))
    assert all(parameter.requires_grad for parameter in critic.parameters())


def test_fewer_pictures_than_a_batch() -> None:
    generator, critic = ConvolutionalGenerator(3, 1, 4, 8), Critic(1, 4, 8)
    train_wgan_gp(settings(batch_size=64), generator, critic, public(5))
    assert all(torch.isfinite(parameter).all() for parameter in critic.parameters())


def slow_critic_loss(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Return the published loss, picture by picture, with its weight of 10."""
    losses = []
    for x, g, a in zip(real, fake, mix, strict=True):
        point = (x + a * (g - x))[None].requires_grad_()
        (slope,) = torch.autograd.grad(critic(point)[0], point, create_graph=True)
        losses.append(critic(g[None])[0] - critic(x[None])[0] + 10 * ((slope * slope).sum().sqrt() - 1) ** 2)
    return torch.stack(losses).mean()


def test_steps_of_the_critic_follow_the_equations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three steps: the first of Adam would not tell its betas."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        generator, critic = ConvolutionalGenerator(3, 1, 4, 8), Critic(1, 4, 8)
    slow, seen = copy.deepcopy(critic), []

    def spy(network: nn.Module, *inputs: Tensor | float) -> Tensor:
        seen.append(inputs)
        return critic_loss(network, *inputs)

    monkeypatch.setattr(wgan_gp, "critic_loss", spy)
    training = Training(settings(), generator, critic, public())
    weights, before = list(slow.parameters()), [each.clone() for each in slow.parameters()]
    moments: list[list[Tensor]] = [[] for _ in weights]
    for _ in range(3):
        training.critic_step()
        real, fake, mix, weight = seen[-1]
        assert weight == 10
        slopes = torch.autograd.grad(slow_critic_loss(slow, real, fake, mix), weights)
        slow_adam(weights, moments, slopes, 2e-4)
    for own, expected, start, slopes in zip(critic.parameters(), weights, before, moments, strict=True):
        # what has no gradient but rounding (a bias in front of a normalisation) is left out
        told = torch.stack(slopes).abs().amin(0) > 1e-4
        assert ((own - expected)[told].abs() < 1e-5).all()
        assert not told.any() or (expected - start)[told].abs().max() > 4e-4
