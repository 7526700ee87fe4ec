"""VMI, white box: one normalising flow per attacked class, trained on T's loss (Wang et al., NeurIPS 2021).

The flows of all classes are computed side by side; their couplings are zuko's.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from search_spaces import seed_stream
from search_spaces.attacks import VMI
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.inference import inference_copy, latent_like
from trainables.attacks.objective import CrossEntropy, IdentityLoss
from trainables.attacks.rows import (
    Reconstructions,
    attack_rows,
    reconstructions,
    render,
    start_latents,
)
from trainables.implementations import implements
from trainables.storage.checkpoint import (
    Progress,
    add_prefix,
    optimizer_state,
    restore_optimizer,
    restore_stream,
    strip_prefix,
)

LatentGradient = Callable[[Tensor, Tensor], Tensor]
"""Gradient of the summed identity loss: latents (B, z_dim) and int64 labels (B,) to (B, z_dim)."""


@implements(VMI)
def vmi(settings: VMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return ``restarts`` samples of each class's posterior; T and the prior are left untouched.

    The posteriors of all classes are trained side by side and never see each other; ``micro_batch`` decides
    speed and memory only. The samples of a class share one training: its queries (``samples_per_step`` images
    an iteration) are counted at the first. Raises ``AttackDiverged`` when latents stop being finite.
    """
    rows = attack_rows(classes, settings.restarts)
    prior, space = attacker.prior, attacker.searched_space(settings)
    generator = inference_copy(prior.target_decoder(space), settings)
    like, (z_dim,) = latent_like(generator), prior.latent_shape(space)
    flows = ClassFlows(settings, len(classes), z_dim, like)
    gradient = _identity_gradient(settings, generator, CrossEntropy(attacker.target, settings))
    PosteriorTraining(settings, flows, gradient, classes, z_dim).run(attacker.progress)
    noise = start_latents(rows, settings.seed, prior, space).view(len(classes), -1, z_dim).to(like)
    with torch.no_grad():
        latents = settings.prior_std * flows(noise)[0].flatten(0, 1)
    return reconstructions(
        rows,
        latents,
        render(generator, latents, settings.micro_batch_size(like.device.type)),
        queries=settings.iterations * settings.samples_per_step * (rows.restart == 0),
    )


class ClassFlows:
    """Posteriors q_c(z) of C classes: z = f_c(noise), noise ~ N(0, I).

    Each f_c is a stack of affine couplings whose networks end in a layer of zeros, so every posterior starts
    as the prior N(0, I) itself. The flows start with the same weights and share none: ``parameters`` have a
    leading dimension of C, and no class's latents or gradients depend on another class. ``kept`` says which
    coordinates each coupling keeps, bool (z_dim,): a random half, then the other half, and so on.
    """

    def __init__(self, settings: VMI, classes: int, z_dim: int, like: Tensor) -> None:
        """Make C = ``classes`` flows of ``z_dim`` with the type and device of ``like``."""
        self.kept = _kept_coordinates(settings, z_dim)
        self._flow = _flow(settings, self.kept).to(like)
        self.parameters = {
            name: tensor.detach().expand(classes, *tensor.shape).clone().requires_grad_()
            for name, tensor in self._flow.named_parameters()
        }
        self._buffers = dict(self._flow.named_buffers())

    def __call__(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (C, S, z_dim) and log q_c of each (C, S) for ``noise`` (C, S, z_dim)."""
        latents, stretch = vmap(self._one_class)(self.parameters, noise)
        return latents, log_normal(noise) - stretch

    def _one_class(self, parameters: dict[str, Tensor], noise: Tensor) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = functional_call(self._flow, (parameters, self._buffers), (noise,))
        return result


def log_normal(latents: Tensor) -> Tensor:
    """Return log N(z; 0, I), (...,), of ``latents`` (..., z_dim).

    >>> round(log_normal(torch.zeros(1, 2)).item(), 4)  # -log(2 pi)
    -1.8379
    """
    return -0.5 * (latents.square().sum(-1) + latents.shape[-1] * math.log(2 * math.pi))


class _Couplings(nn.Module):
    """z = f(noise) and log |det df/dnoise|."""

    def __init__(self, couplings: list[nn.Module]) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(couplings)

    def forward(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return latents (..., z_dim) and the log-determinants (...) at ``noise`` (..., z_dim)."""
        latents, stretch = noise, torch.zeros_like(noise[..., 0])
        for coupling in self.couplings:
            latents, log_det = coupling().call_and_ladj(latents)
            stretch = stretch + log_det
        return latents, stretch


def _flow(settings: VMI, kept: list[Tensor]) -> nn.Module:
    """Return the flow that every class starts from; the global generator is left as it was."""
    from zuko.flows import GeneralCouplingTransform

    couplings: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(settings.seed, "flow"))
        for keep in kept:
            coupling = GeneralCouplingTransform(
                len(keep), mask=keep, hidden_features=(settings.flow_width,) * 2, activation=nn.ELU
            )
            last = coupling.hyper[-1]
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            couplings.append(coupling)
    return _Couplings(couplings)


def _kept_coordinates(settings: VMI, z_dim: int) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed_stream(settings.seed, "halves"))
    kept: list[Tensor] = []
    for number in range(settings.flows):
        half = torch.randperm(z_dim, generator=random) < (z_dim + 1) // 2
        kept.append(~kept[-1] if number % 2 else half)
    return kept


class PosteriorTraining:
    """Trains the flow of each class c, in place, on E CE(T(G(s z)), c) + kl_weight * KL(q_c || N(0, I)).

    s is ``prior_std``. Both expectations are means over the ``samples_per_step`` fresh samples of a step. A
    class's noise comes from its own stream, the same for every T.
    """

    def __init__(
        self, settings: VMI, flows: ClassFlows, gradient: LatentGradient, classes: Sequence[int], z_dim: int
    ) -> None:
        self.settings = settings
        self.flows = flows
        self.gradient = gradient
        self.z_dim = z_dim
        self.taken = 0
        """Steps taken."""
        self._parameters = list(flows.parameters.values())
        self._optimizer = _optimizer(settings, self._parameters)
        seeds = [seed_stream(settings.seed, "vmi", each) for each in classes]
        self._random = [torch.Generator().manual_seed(seed) for seed in seeds]
        wanted = torch.tensor(list(classes)).repeat_interleave(settings.samples_per_step)
        self._wanted = wanted.to(self._parameters[0].device)

    def run(self, progress: Progress) -> None:
        """Take all ``iterations`` steps, those that ``progress`` has kept excepted."""
        progress.resume(self)
        while self.taken < self.settings.iterations:
            self._step()
            progress.save_if_due(self)

    def state(self) -> Tensors:
        """Return flows, optimiser, streams and the steps taken."""
        return {
            **add_prefix("flows", self.flows.parameters),
            **add_prefix("optimizer", optimizer_state(self._optimizer)),
            "random": torch.stack([stream.get_state() for stream in self._random]),
            "taken": torch.tensor(self.taken),
        }

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``."""
        for name, tensor in strip_prefix(state, "flows").items():
            self.flows.parameters[name].data.copy_(tensor)
        restore_optimizer(self._optimizer, strip_prefix(state, "optimizer"))
        for stream, kept in zip(self._random, state["random"], strict=True):
            restore_stream(stream, kept)
        self.taken = int(state["taken"])

    def _step(self) -> None:
        noise = _noise(self._random, self.settings.samples_per_step, self.z_dim).to(self._parameters[0])
        for parameter, gradient in zip(self._parameters, self._gradients(noise), strict=True):
            parameter.grad = gradient
        self._optimizer.step()
        self.taken += 1

    def _gradients(self, noise: Tensor) -> Sequence[Tensor]:
        """Return the gradients of the flows' parameters; G and T see the samples in parts."""
        with torch.enable_grad():
            latents, log_q = self.flows(noise)
            divergence = self.settings.kl_weight * kl_divergence(latents, log_q).sum()
            identity = self.gradient(latents.detach().flatten(0, 1), self._wanted).view_as(latents)
            # the flows are run back through once, for all samples
            return torch.autograd.grad(
                [latents, divergence],
                self._parameters,
                [identity / self.settings.samples_per_step, torch.ones_like(divergence)],
            )


def kl_divergence(latents: Tensor, log_q: Tensor) -> Tensor:
    """Return the Monte-Carlo estimate of KL(q_c || N(0, I)) of each class, (C,), in nats.

    Mean over the S samples ``latents`` (C, S, z_dim) of log q_c(z), given as ``log_q`` (C, S), minus
    log N(z; 0, I). It can be negative, as estimates from few samples are.
    """
    return (log_q - log_normal(latents)).mean(1)


def _identity_gradient(settings: VMI, generator: nn.Module, identity: IdentityLoss) -> LatentGradient:
    """Return the gradient of the identity loss of the images, computed in parts that fit into memory."""

    def of_part(latents: Tensor, labels: Tensor) -> Tensor:
        """Return the gradient of rows that go through G and T together."""
        free = latents.detach().requires_grad_()
        images = generator(settings.prior_std * free)
        result: Tensor = torch.autograd.grad(identity(images, labels).loss, free)[0]
        return result

    def of_all(latents: Tensor, labels: Tensor) -> Tensor:
        """Return the gradient of all rows, ``micro_batch`` after ``micro_batch``."""
        at_once = settings.micro_batch_size(latents.device.type)
        parts = (torch.split(tensor, at_once) for tensor in (latents, labels))
        return torch.cat([of_part(*part) for part in zip(*parts, strict=True)])

    return of_all


def _optimizer(settings: VMI, parameters: list[Tensor]) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=settings.learning_rate)
    return torch.optim.SGD(parameters, lr=settings.learning_rate, momentum=settings.momentum)


def _noise(random: list[torch.Generator], samples: int, z_dim: int) -> Tensor:
    """Return N(0, I) noise (C, ``samples``, z_dim), each class's from its own stream."""
    return torch.stack([torch.randn(samples, z_dim, generator=stream) for stream in random])
