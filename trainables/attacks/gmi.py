"""GMI, white box: Nesterov steps on 100 x identity loss + critic prior (Zhang et al., CVPR 2020).

Its inversion, rows side by side in micro-batches, is LOMMA's over GMI too.
"""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from search_spaces.attacks import GMI, LatentDescent
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.inference import latent_like
from trainables.attacks.objective import (
    CrossEntropy,
    Identity,
    IdentityLoss,
    Objective,
    confidence,
    critic_prior,
)
from trainables.attacks.rows import (
    Clamp,
    Reconstructions,
    attack_rows,
    reconstructions,
    render,
    spread,
    start_latents,
)
from trainables.implementations import implements
from trainables.storage.checkpoint import Progress, add_prefix, strip_prefix

LatentLoss = Callable[[Tensor, Tensor], Identity]
"""From latents (R, ...) and the attacked classes, int64 (R,), to the summed loss and T's logits (R, K)."""


@implements(GMI)
def gmi(settings: GMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    Raises ``AttackDiverged`` when latents stop being finite.
    """
    return invert_points(settings, attacker, classes, CrossEntropy(attacker.target, settings))


def invert_points(
    settings: LatentDescent,
    attacker: Attacker,
    classes: Sequence[int],
    identity: IdentityLoss,
    shared_queries: int = 0,
) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    The loss is a sum over rows divided by ``norm_batch``, so rows do not know of each other and
    ``micro_batch`` decides speed and memory only. Queries: one image per row and iteration.
    Raises ``AttackDiverged`` when latents stop being finite.
    """
    rows = attack_rows(classes, settings.restarts)
    prior, space = attacker.prior, attacker.searched_space(settings)
    objective = Objective(
        settings, prior.decoder(space), identity, critic_prior(prior.critic, settings), prior.to_target
    )
    starts = start_latents(rows, settings.seed, prior, space).to(latent_like(objective.generator))
    clamp = functools.partial(prior.clamp, bound=settings.clip, space=space)
    descent = Descent(settings, objective, starts, rows.class_index.to(starts.device), clamp)
    latents, iterations = descent.run(attacker.progress)
    return reconstructions(
        rows,
        latents,
        render(
            objective.generator,
            latents,
            settings.micro_batch_size(latents.device.type),
            prior.to_target,
        ),
        queries=iterations,
        shared_queries=shared_queries,
    )


def nesterov_step(
    settings: LatentDescent, latents: Tensor, velocity: Tensor, gradient: Tensor, clamp: Clamp
) -> tuple[Tensor, Tensor]:
    """Return latents and velocity, each (R, ...), after one step of the published update.

    v' = m v - lr g;  z' = clamp(z - m v + (1 + m) v'): Nesterov's momentum m. Clamping, for ``z`` to +-clip,
    leaves the velocity alone, and a start is not clamped before its first gradient.
    """
    momentum = settings.momentum
    after = momentum * velocity - settings.learning_rate * gradient
    stepped = latents - momentum * velocity + (1 + momentum) * after
    return clamp(stepped), after


class Descent:
    """The steps of R rows, ``micro_batch`` of them at a time; a row that ends makes room for the next."""

    def __init__(
        self, settings: LatentDescent, loss: LatentLoss, starts: Tensor, labels: Tensor, clamp: Clamp
    ) -> None:
        self.settings = settings
        self.loss = loss
        self.clamp = clamp
        self.results, self.labels = starts.clone(), labels
        self._at_once = settings.micro_batch_size(starts.device.type)
        self.iterations = torch.zeros(len(starts), dtype=torch.int64)
        self._entered = 0
        self._rows = torch.arange(0)
        self._velocity = starts[:0]
        self._confident = self._rows.to(starts.device)
        self._best = BestLatents(starts) if settings.keep == "surest" else None
        self._fill_up(torch.arange(0))

    def run(self, progress: Progress) -> tuple[Tensor, Tensor]:
        """Return the latents (R, ...) that the settings ``keep`` and the iterations taken, int64 (R,).

        Rows that ``progress`` has kept go on from where they were, in the same company.
        """
        progress.resume(self)
        while len(self._rows):
            self._step()
            ended = self._ended()
            if ended.any():
                self.results[self._rows] = self._latents
                self._fill_up((~ended).nonzero()[:, 0])
            progress.save_if_due(self)
        kept = self.results if self._best is None else self._best.result(self.results)
        return kept, self.iterations

    def state(self) -> Tensors:
        """Return the rows that have ended, those in flight, and how many have begun."""
        return {
            "results": self.results,
            "iterations": self.iterations,
            "entered": torch.tensor(self._entered),
            "rows": self._rows,
            "latents": self._latents,
            "velocity": self._velocity,
            "confident": self._confident,
            **({} if self._best is None else add_prefix("best", self._best.state())),
        }

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``."""
        like = self.results
        self.results, self.iterations = state["results"].to(like), state["iterations"]
        self._entered, self._rows = int(state["entered"]), state["rows"]
        self._latents, self._velocity = state["latents"].to(like), state["velocity"].to(like)
        self._wanted = self.labels[self._rows]
        self._confident = state["confident"].to(like.device)
        if self._best is not None:
            self._best.restore(strip_prefix(state, "best"))

    def _fill_up(self, staying: Tensor) -> None:
        """Keep the rows at positions ``staying`` of those in flight and add rows that have not begun."""
        first = self._entered
        room = min(self._at_once - len(staying), len(self.results) - first)
        self._entered += room
        self._rows = torch.cat([self._rows[staying], torch.arange(first, first + room)])
        self._latents, self._wanted = self.results[self._rows], self.labels[self._rows]
        self._velocity = torch.cat([self._velocity[staying], torch.zeros_like(self.results[:room])])
        self._confident = torch.cat([self._confident[staying], torch.zeros_like(self.labels[:room])])

    def _step(self) -> None:
        free = self._latents.detach().requires_grad_()
        with torch.enable_grad():
            identity = self.loss(free, self._wanted)
            gradient = torch.autograd.grad(identity.loss, free)[0]
        self._note(identity.logits)
        self._latents, self._velocity = nesterov_step(
            self.settings, self._latents, self._velocity, gradient, self.clamp
        )
        self.iterations[self._rows] += 1

    def _note(self, logits: Tensor) -> None:
        """Note how sure T is of the latents in flight, for those who ask."""
        if self._best is None and self.settings.retire_after is None:
            return
        sure = confidence(logits, self._wanted)
        self._confident = (self._confident + 1) * (sure >= self.settings.retire_confidence)
        if self._best is not None:
            begun = (self.iterations[self._rows] > 0).nonzero()[:, 0]
            self._best.update(self._rows[begun], self._latents[begun], sure[begun])

    def _ended(self) -> Tensor:
        """Return which rows in flight are done, bool on the CPU."""
        ended = self.iterations[self._rows] >= self.settings.iterations
        if self.settings.retire_after is None:
            return ended
        return ended | (self._confident >= self.settings.retire_after).cpu()


class BestLatents:
    """Of each of R rows the latent, of those T has seen after a step, at which it was surest of the class.

    Of equal ones the last. The start counts for nothing, since it was not clamped; nor does the latent after
    the last step, which T is not shown.
    """

    def __init__(self, starts: Tensor) -> None:
        self.latents = starts.clone()
        self.confidence = starts.new_full((len(starts),), -1.0)

    def update(self, rows: Tensor, latents: Tensor, confidence: Tensor) -> None:
        """Take in ``latents`` (B, ...) of ``rows``, int64 (B,), and T's probability (B,) of their class."""
        better = confidence >= self.confidence[rows]
        self.latents[rows] = torch.where(spread(better, latents), latents, self.latents[rows])
        self.confidence[rows] = torch.where(better, confidence, self.confidence[rows])

    def result(self, last: Tensor) -> Tensor:
        """Return the latents (R, ...); those of ``last`` where T has seen none."""
        return torch.where(spread(self.confidence < 0, last), last, self.latents)

    def state(self) -> Tensors:
        """Return what was seen so far."""
        return {"latents": self.latents, "confidence": self.confidence}

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``."""
        self.latents.copy_(state["latents"])
        self.confidence.copy_(state["confidence"])
