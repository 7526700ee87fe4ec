"""LOMMA over GMI and KEDMI: logits of T and its students, p_reg on T alone (Nguyen et al., CVPR 2023)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from results.stores.store import Store
from search_spaces import seed_stream
from search_spaces.attacks import LOMMA, LOMMAGMI, LOMMAKEDMI, FeatureMeanConfig, PublicFeature
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.gmi import invert_points
from trainables.attacks.inference import Engine, inference_copy, latent_like
from trainables.attacks.kedmi import invert_distributions
from trainables.attacks.objective import Identity
from trainables.attacks.rows import Reconstructions
from trainables.attacks.students import load_students
from trainables.attacks.teacher import public_outputs
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.implementations import implements
from trainables.target import load_target
from trainables.tensor_pieces import build_tensors


@implements(LOMMAGMI)
def lomma_gmi(settings: LOMMAGMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return one reconstruction per class and restart; T and the prior are left untouched.

    Raises ``AttackDiverged`` when a distillation or the latents stop being finite.
    """
    identity, queries = lomma_loss(settings.lomma, attacker, settings)
    return invert_points(settings, attacker, classes, identity, queries)


@implements(LOMMAKEDMI)
def lomma_kedmi(settings: LOMMAKEDMI, attacker: Attacker, classes: Sequence[int]) -> Reconstructions:
    """Return ``restarts`` samples of the Gaussian of each class; T and the prior are left untouched.

    Raises ``AttackDiverged`` when the generator's training, a distillation or the latents stop being finite.
    """
    identity, queries = lomma_loss(settings.lomma, attacker, settings)
    return invert_distributions(settings, attacker, classes, identity, queries)


class LogitLoss:
    """sum_i [ -mean_m logit_m,y(x_i) + weight * mean_d (feature_T(x_i) - p_reg)^2_d ].

    The mean over models m is over T and the students, 1 / M each; the regulariser stands outside it. Logits
    are raw: a softmax would let the loss fall by lowering other classes.
    """

    def __init__(
        self,
        target: nn.Module,
        students: Sequence[nn.Module],
        feature_mean: Tensor,
        weight: float,
        engine: Engine | None = None,
    ) -> None:
        self.target = inference_copy(target, engine)
        self.students = [inference_copy(student, engine) for student in students]
        self.feature_mean = feature_mean.to(latent_like(self.target))
        self.weight = weight

    def __call__(self, images: Tensor, labels: Tensor) -> Identity:
        """Return the loss of ``images`` that attack ``labels``, and T's logits."""
        feature, logits = self.target(images)
        of_models = [logits, *(student(images) for student in self.students)]
        wanted = torch.stack([each.gather(1, labels[:, None]) for each in of_models])
        distance = (feature.flatten(1) - self.feature_mean).square().mean(1)
        loss = self.weight * distance.sum() - wanted.sum() / len(of_models)
        return Identity(loss, logits)


def lomma_loss(settings: LOMMA, attacker: Attacker, engine: Engine | None = None) -> tuple[LogitLoss, int]:
    """Return the loss of this T and how many pictures T labelled for it: D_pub for students, some for p_reg.

    Students and p_reg are kept with this T: a defended T never meets those of another. T's labels of D_pub
    are counted once, as all students learn from the same ones.
    """
    chosen, target, public = settings.feature_mean, attacker.target, attacker.public
    mean = attacker.keep(chosen, lambda: {"mean": feature_mean(chosen, target, public)})["mean"]
    students = load_students(settings, attacker)
    loss = LogitLoss(target, students, mean, settings.regularisation_weight, engine)
    queries = min(settings.regularisation_images, len(public))
    return loss, queries + (len(public) if students else 0)


@builds(FeatureMeanConfig)
def build_feature_mean(piece: FeatureMeanConfig, store: Store) -> StepOutcome:
    """Compute p_reg of one T, and keep it.

    Raises the store's errors, and ``ValueError`` for data that cannot be used.
    """

    def computed() -> Tensors:
        """Return the mean."""
        public = load_data(piece.target.data).public.images
        return {"mean": feature_mean(piece.settings, load_target(piece.target, store), public)}

    return build_tensors(piece, store, computed, lower="lomma.regularisation_images")


def feature_mean(settings: PublicFeature, target: nn.Module, public: Tensor) -> Tensor:
    """Return p_reg (d,): T's mean feature over ``images`` random public pictures, or over all there are."""
    draws = torch.Generator().manual_seed(seed_stream(settings.seed, "regularisation"))
    chosen = torch.randperm(len(public), generator=draws)[: settings.images]
    return public_outputs(target, public[chosen])[0].flatten(1).mean(0)
