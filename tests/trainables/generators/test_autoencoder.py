"""The decoder start: it learns the public pictures, repeatably, and its divergence is the textbook one."""

import torch
from torch import Tensor

from search_spaces.priors import WGANGP
from trainables.generators.autoencoder import Encoder, decoder_loss, divergence, train_decoder
from trainables.generators.networks import ConvolutionalGenerator


def settings(steps: int) -> WGANGP:
    return WGANGP(z_dim=8, width=8, critic_width=8, autoencoder_steps=steps, batch_size=16, seed=3)


def public() -> Tensor:
    """Pictures of one colour on the left and another on the right: easily told and decoded."""
    draws = torch.Generator().manual_seed(0)
    left, right = torch.randint(0, 256, (2, 40, 3, 1, 1), generator=draws, dtype=torch.uint8)
    return torch.cat([left.expand(-1, -1, 16, 8), right.expand(-1, -1, 16, 8)], dim=-1)


def fresh_generator() -> ConvolutionalGenerator:
    torch.manual_seed(0)
    return ConvolutionalGenerator(8, 3, 8, 16)


def l1_error(generator: ConvolutionalGenerator) -> float:
    """Error of the best of many decoded latents for each public picture."""
    latents = torch.randn(400, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        decoded = generator.eval()(latents).flatten(1)
    return float(torch.cdist(public().float().flatten(1) / 255, decoded, p=1).min(1).values.mean() / 768)


def test_the_decoder_covers_the_public_pictures_better_than_an_untrained_one() -> None:
    trained, untrained = fresh_generator(), fresh_generator()
    train_decoder(settings(250), trained, public())
    assert l1_error(trained) < 0.75 * l1_error(untrained)


def test_training_repeats_bit_for_bit_whatever_the_global_random_state() -> None:
    states = []
    for seed in (1, 2):
        generator = fresh_generator()
        torch.manual_seed(seed)
        train_decoder(settings(3), generator, public())
        states.append(generator.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_no_steps_leave_the_generator_alone() -> None:
    generator, before = fresh_generator(), fresh_generator().state_dict()
    train_decoder(settings(0), generator, public())
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())


def test_the_divergence_is_that_of_torch_distributions() -> None:
    mean, log_variance = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0)).double()
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    reference = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(divergence(mean, log_variance), reference, rtol=1e-12)


def test_the_loss_reaches_every_weight_of_both_networks() -> None:
    generator, encoder = fresh_generator(), Encoder(8, 3, 4, 16)
    pictures = public()[:4].float() / 255
    loss = decoder_loss(encoder, generator, pictures, torch.Generator().manual_seed(0))
    loss.backward()
    assert all(weight.grad is not None for weight in [*generator.parameters(), *encoder.parameters()])
