"""LOMMA's augmentation models: networks distilled from T on D_pub (Nguyen et al., CVPR 2023)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import cast

import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor, nn

from results.stores.store import Store
from search_spaces import seed_stream
from search_spaces.attacks import LOMMA, StudentConfig, StudentRecipe
from search_spaces.files import FileUnusable, PinnedFile
from trainables.attacks.attacker import Attacker, Tensors
from trainables.attacks.inference import latent_like
from trainables.attacks.rows import AttackDiverged
from trainables.attacks.teacher import CachedTeacher
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.generators.inversion_gan import SoftLabels
from trainables.gradient_step import gradient_step
from trainables.models.target_model import TargetModel
from trainables.target import load_target
from trainables.tensor_pieces import build_tensors
from trainables.training.batches import shuffled
from trainables.training.training import layers_seeded
from trainables.weights.fitting import require_fit

MOMENTUM, WEIGHT_DECAY = 0.9, 1e-4
"""Of the published recipe; its learning rate halves after 20 epochs, the last of them, so it is constant."""

SMALL_WIDTHS = (32, 64, 128)


class Student(nn.Module):
    """Pictures (B, 1 or 3, S, S) in [0, 1], not normalised further, as published, to logits (B, K)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of ``images``; grey is repeated to 3 channels."""
        logits: Tensor = self.network(images.expand(-1, 3, -1, -1))
        return logits


def load_students(settings: LOMMA, attacker: Attacker) -> list[Student]:
    """Return the students of ``settings``, distilled from T or kept from before: eval mode, frozen.

    The same bits for the same settings, T and public pictures. Raises ``FileUnusable`` or
    ``WeightsMismatch`` for weights that are not there or of another network, and ``AttackDiverged`` when a
    distillation does.
    """
    return [_load(recipe, attacker) for recipe in settings.recipes]


@builds(StudentConfig)
def build_student(piece: StudentConfig, store: Store) -> StepOutcome:
    """Distil one student of one T, and keep it.

    Raises the store's errors, ``OutOfMemory``, ``FileUnusable``, ``WeightsMismatch``, and ``ValueError``
    for data that cannot be used.
    """

    def distilled() -> Tensors:
        """Return the weights of the student after its training."""
        public = load_data(piece.target.data).public.images
        return train_student(piece.settings, load_target(piece.target, store), public)

    return build_tensors(piece, store, distilled, lower="lomma.student_batch_size")


def train_student(recipe: StudentRecipe, target: TargetModel, public: Tensor) -> Tensors:
    """Return the weights of a student after its distillation from ``target`` on uint8 ``public`` pictures.

    Raises ``FileUnusable``, ``WeightsMismatch`` and ``AttackDiverged``.
    """
    student = _untrained(recipe, target)
    if recipe.weights is not None:
        _load_weights(student, recipe.weights)
    distil(recipe, student, public, CachedTeacher(target, public))
    return _finite(recipe, student.state_dict())


def check_weights(recipe: StudentRecipe) -> None:
    """Raise ``FileUnusable`` or ``WeightsMismatch`` unless the student can start from its weights."""
    if recipe.weights is not None:
        student = Student(_efficientnet(recipe.network, classes=2))
        _load_weights(student, recipe.weights)


def distil(recipe: StudentRecipe, student: Student, public: Tensor, label_of: SoftLabels) -> None:
    """Train ``student`` in place on KL(T || student) of the uint8 ``public`` pictures (N, C, S, S).

    Every draw comes from streams named under the recipe's seed. The student is left in eval mode.
    """
    name = ("student", recipe.network, recipe.member)
    order = torch.Generator().manual_seed(seed_stream(recipe.seed, *name, "order"))
    like = latent_like(student)
    optimizer = torch.optim.SGD(
        student.parameters(), lr=recipe.learning_rate, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    student.train()
    with layers_seeded(seed_stream(recipe.seed, *name, "layers")):  # stochastic depth
        for _ in range(recipe.epochs):
            for indices in shuffled(len(public), recipe.batch_size, order):
                pictures = public[indices].to(like.device).to(like.dtype) / 255
                loss = distillation_loss(student(pictures), label_of(indices).to(like))
                gradient_step(loss, optimizer)
    student.eval()


def distillation_loss(logits: Tensor, soft_labels: Tensor) -> Tensor:
    """Return the mean over rows of KL(``soft_labels`` || softmax(``logits``)), both (B, K), in nats.

    >>> distillation_loss(torch.zeros(2, 4), torch.full((2, 4), 0.25)).item()
    0.0
    """
    return F.kl_div(logits.log_softmax(1), soft_labels, reduction="batchmean")


def _load(recipe: StudentRecipe, attacker: Attacker) -> Student:
    tensors = attacker.keep(recipe, lambda: train_student(recipe, attacker.target, attacker.public))
    student = _untrained(recipe, attacker.target)
    require_fit(student.state_dict(), tensors, f"the student {recipe.network}")
    student.load_state_dict(tensors)
    return student.eval().requires_grad_(False)


def _untrained(recipe: StudentRecipe, target: TargetModel) -> Student:
    classes = target.head.out_features
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_stream(recipe.seed, "student", recipe.network, recipe.member, "weights"))
        network = _small(classes) if recipe.network == "small" else _efficientnet(recipe.network, classes)
    return Student(network).to(latent_like(target))


def _small(classes: int) -> nn.Module:
    """Return three 3x3 convolutions of stride 2 with BatchNorm, global mean, linear: for CPU-sized data."""
    widths = [3, *SMALL_WIDTHS]
    layers = [
        layer
        for before, after in pairwise(widths)
        for layer in (nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))


def _efficientnet(name: str, classes: int) -> nn.Module:
    """Return torchvision's network with its classifier replaced by one linear layer, as published."""
    import torchvision.models  # heavy, and other students do not need it

    network = torchvision.models.get_model(name, weights=None)
    network.classifier = nn.Linear(network.classifier[-1].in_features, classes)
    return cast(nn.Module, network)


def _load_weights(student: Student, file: PinnedFile) -> None:
    """Load everything but the classifier."""
    try:
        state = safetensors.torch.load(file.read_bytes())
    except FileUnusable as error:
        raise FileUnusable(
            f"student_weights: {error}; or leave student_weights out to start from scratch"
        ) from error
    except SafetensorError as error:
        raise FileUnusable(f"student_weights: {file.path} is not a safetensors file ({error})") from error
    given, own = _below_classifier(state), _below_classifier(student.network.state_dict())
    require_fit(own, given, str(file.path))
    student.network.load_state_dict(given, strict=False)


def _below_classifier(state: Mapping[str, Tensor]) -> Tensors:
    return {name: tensor for name, tensor in state.items() if not name.startswith("classifier.")}


def _finite(recipe: StudentRecipe, tensors: Tensors) -> Tensors:
    broken = sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())
    if broken:
        raise AttackDiverged(
            f"the student {recipe.network} diverged: {broken[0]} is not finite; lower student_learning_rate"
        )
    return tensors
