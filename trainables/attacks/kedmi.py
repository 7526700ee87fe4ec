"""KEDMI: an inversion-specific GAN of T, then a latent Gaussian a class (Chen et al., ICCV 2021).

The GAN is a piece of its own, trained on D_pub once for each T. Adam optimises mean and log variance of each
class's Gaussian; LOMMA over KEDMI does the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from results.stores.store import Store
from search_spaces import seed_stream
from search_spaces.attacks import KEDMI, DistributionDescent, InversionGANConfig, InversionGenerator
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.gmi import LatentLoss
from trainables.attacks.inference import latent_like
from trainables.attacks.objective import CrossEntropy, IdentityLoss, Objective, real_prior
from trainables.attacks.rows import (
    AttackDiverged,
    Reconstructions,
    Rows,
    attack_rows,
    reconstructions,
    render,
)
from trainables.attacks.teacher import CachedTeacher, TrainingModeTeacher
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.generators import Prior
from trainables.generators.inversion_gan import (
    InversionGAN,
    InversionTraining,
    SoftLabels,
    gan_tensors,
    load_gan,
    untrained_gan,
)
from trainables.implementations import implements
from trainables.models.target_model import TargetModel
from trainables.prior import load_prior
from trainables.storage.checkpoint import (
    Progress,
    add_prefix,
    optimizer_state,
    restore_optimizer,
    strip_prefix,
)
from trainables.target import load_target
from trainables.tensor_pieces import build_tensors
from trainables.training.training import layers_seeded

NOISE_BLOCK = 64
"""Steps whose noise a class draws at once; another value would draw other noise."""

TEACHERS: dict[str, Callable[[nn.Module, Tensor], SoftLabels]] = {
    "eval": CachedTeacher,
    "train": TrainingModeTeacher,
}


@implements(KEDMI)
def kedmi(settings: KEDMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return ``restarts`` samples of the Gaussian of each class; T and the prior are left untouched.

    Raises ``AttackDiverged`` when the generator's training or the latents stop being finite.
    """
    return invert_distributions(settings, attacker, classes, CrossEntropy(attacker.target, settings))


@dataclass(frozen=True)
class Gaussians:
    """``mean`` and ``log_variance``, each (K, z_dim): a diagonal normal of latents per class."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, noise: Tensor, clip: float | None) -> Tensor:
        """Return mean + exp(log_variance / 2) * noise, clamped to ``clip`` where that is given."""
        latents = self.mean + torch.exp(self.log_variance / 2) * noise
        return latents if clip is None else latents.clamp(-clip, clip)


def invert_distributions(
    settings: DistributionDescent,
    attacker: Attacker,
    classes: Sequence[int],
    identity: IdentityLoss,
    shared_queries: int = 0,
) -> Reconstructions:
    """Return ``restarts`` samples of the optimised Gaussian of each class; T and the prior stay untouched.

    The inversion-specific generator of this T is trained, unless it is kept from before. The loss is a sum
    over classes divided by ``norm_batch``; ``micro_batch`` counts classes and decides speed and memory only.
    The samples of a class share one optimisation: its queries (one image an iteration) are counted at the
    first; labelling D_pub counts as shared. Raises ``AttackDiverged``.
    """
    rows = attack_rows(classes, settings.restarts)
    gan = inversion_gan(settings.generator, attacker)
    objective = Objective(settings, gan.generator, identity, real_prior(gan.discriminator, settings))
    like = latent_like(objective.generator)
    descent = GaussianDescent(settings, objective, torch.tensor(list(classes)), gan.z_dim, like)
    latents = _samples(settings, rows, descent.run(attacker.progress))
    return reconstructions(
        rows,
        latents,
        render(objective.generator, latents, settings.micro_batch_size(latents.device.type)),
        queries=settings.iterations * (rows.restart == 0),
        shared_queries=shared_queries + labelling_queries(settings.generator, attacker.public),
    )


class GaussianDescent:
    """The Gaussians of ``classes``, int64 (K,): ``iterations`` steps of Adam from mean 0.

    ``micro_batch`` classes at a time. Each step takes one sample per class; a clamped coordinate gets no
    gradient. Nothing bounds the variance. ``like`` has the type and device of latents.
    """

    def __init__(
        self, settings: DistributionDescent, loss: LatentLoss, classes: Tensor, z_dim: int, like: Tensor
    ) -> None:
        self.settings = settings
        self.loss = loss
        self.classes = classes
        shape = (len(classes), z_dim)
        log_variance = torch.full(shape, settings.initial_log_variance).to(like)
        self.found = Gaussians(torch.zeros(shape).to(like), log_variance)
        """The Gaussians so far; those of the classes in flight are as they began."""
        self._begin(0)

    def run(self, progress: Progress) -> Gaussians:
        """Return the Gaussians of all classes; what ``progress`` has kept goes on from where it was."""
        progress.resume(self)
        while len(self._labels):
            self._step()
            if self._taken == self.settings.iterations:
                self.found.mean[self._places] = self._mean.detach()
                self.found.log_variance[self._places] = self._log_variance.detach()
                self._begin(self._places.stop)
            progress.save_if_due(self)
        return self.found

    def state(self) -> Tensors:
        """Return the Gaussians, those in flight, and how far they are."""
        return {
            "found.mean": self.found.mean,
            "found.log_variance": self.found.log_variance,
            "mean": self._mean,
            "log_variance": self._log_variance,
            "place": torch.tensor([self._places.start, self._taken]),
            **add_prefix("optimizer", optimizer_state(self._optimizer)),
        }

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``; the noise that was used is drawn again and thrown away."""
        self.found.mean.copy_(state["found.mean"])
        self.found.log_variance.copy_(state["found.log_variance"])
        first, taken = state["place"].tolist()
        self._begin(first)
        self._mean.data.copy_(state["mean"])
        self._log_variance.data.copy_(state["log_variance"])
        restore_optimizer(self._optimizer, strip_prefix(state, "optimizer"))
        for _ in range(taken):
            next(self._noise)
        self._taken = taken

    def _begin(self, first: int) -> None:
        """Begin with the classes from ``first`` on that go together."""
        self._places = slice(first, first + self.settings.micro_batch_size(self.found.mean.device.type))
        classes = self.classes[self._places]
        self._labels = classes.to(self.found.mean.device)
        self._mean = nn.Parameter(self.found.mean[self._places].clone())
        self._log_variance = nn.Parameter(self.found.log_variance[self._places].clone())
        self._optimizer = torch.optim.Adam([self._mean, self._log_variance], lr=self.settings.learning_rate)
        self._noise = _noise(self.settings.seed, classes.tolist(), self._mean.shape[1])
        self._taken = 0

    def _step(self) -> None:
        gaussians = Gaussians(self._mean, self._log_variance)
        with torch.enable_grad():
            latents = gaussians.sample(next(self._noise).to(self._mean), _clip(self.settings))
            total = self.loss(latents, self._labels).loss
        self._mean.grad, self._log_variance.grad = torch.autograd.grad(
            total, [self._mean, self._log_variance]
        )
        self._optimizer.step()
        self._taken += 1


def _clip(settings: DistributionDescent) -> float | None:
    return settings.clip if settings.clip_in == "forward" else None


def _noise(seed: int, classes: list[int], z_dim: int) -> Iterator[Tensor]:
    """Yield normal noise, float32 (K, z_dim), for ever; each class has its own stream, the same for any T."""
    streams = [torch.Generator().manual_seed(seed_stream(seed, "noise", each)) for each in classes]
    while True:
        blocks = [torch.randn(NOISE_BLOCK, z_dim, generator=stream) for stream in streams]
        yield from torch.stack(blocks, dim=1)


def _samples(settings: DistributionDescent, rows: Rows, found: Gaussians) -> Tensor:
    """Return one latent per row; its noise depends on the seed, its class and its restart alone."""
    seeds = [seed_stream(settings.seed, "samples", *pair) for pair in rows.pairs()]
    z_dim = found.mean.shape[1]
    noise = [torch.randn(z_dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    each = Gaussians(*(of.repeat_interleave(settings.restarts, 0) for of in (found.mean, found.log_variance)))
    return each.sample(torch.stack(noise).to(found.mean), _clip(settings))


def inversion_gan(settings: InversionGenerator, attacker: Attacker) -> InversionGAN:
    """Return the GAN of this T: in eval mode, frozen, with the device and type of the prior.

    The same bits for the same settings, T, public pictures and, where it starts from it, prior. Raises
    ``AttackDiverged`` when its training does.
    """
    target, public, prior = attacker.target, attacker.public, attacker.prior
    tensors = attacker.keep(settings, lambda: train_inversion_gan(settings, target, public, prior))
    return load_gan(_untrained(settings, target, public, prior), tensors)


@builds(InversionGANConfig)
def build_inversion_gan(piece: InversionGANConfig, store: Store) -> StepOutcome:
    """Train the GAN of one T, and keep it.

    Raises the store's errors, ``OutOfMemory``, and ``ValueError`` for data or settings that cannot be used.
    """

    def trained() -> Tensors:
        """Return the tensors of the GAN after its training."""
        prior = None if piece.prior is None else load_prior(piece.prior, store)
        public = load_data(piece.target.data).public.images
        return train_inversion_gan(piece.settings, load_target(piece.target, store), public, prior)

    return build_tensors(piece, store, trained, lower="batch_size in the attack's generator")


def train_inversion_gan(
    settings: InversionGenerator, target: TargetModel, public: Tensor, prior: Prior | None
) -> Tensors:
    """Return the tensors of the GAN of ``target``, trained on its soft labels of uint8 ``public`` pictures.

    ``prior`` may be ``None`` unless the settings start from it. Raises ``AttackDiverged``.
    """
    gan = _untrained(settings, target, public, prior)
    label_of = TEACHERS[settings.teacher_mode](target, public)
    with layers_seeded(seed_stream(settings.seed, "inversion_gan", "layers")):  # T's dropout
        InversionTraining(settings, gan, public, label_of).run()
    tensors = gan_tensors(gan)
    broken = sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())
    if broken:
        raise AttackDiverged(
            f"the inversion-specific GAN diverged: {broken[0]} is not finite; lower its learning rate"
        )
    return tensors


def labelling_queries(settings: InversionGenerator, public: Tensor) -> int:
    """Return how many pictures T labels for the training, counted with repeats.

    >>> import torch
    >>> labelling_queries(InversionGenerator(teacher_mode="train", generator_steps=10), torch.zeros(80))
    3200
    """
    if settings.teacher_mode == "eval":
        return len(public)
    steps = settings.critic_warmup_steps + (
        settings.generator_steps * settings.critic_steps_per_generator_step
    )
    return steps * min(settings.batch_size, len(public))


def _untrained(
    settings: InversionGenerator, target: TargetModel, public: Tensor, prior: Prior | None
) -> InversionGAN:
    return untrained_gan(settings, prior, public, target.head.out_features, like=latent_like(target))
