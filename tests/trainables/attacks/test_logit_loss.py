"""LOMMA's identity loss against sums written out, and p_reg of the right T."""

import pytest
import torch
from torch import Tensor, nn

from search_spaces.attacks import LOMMA
from search_spaces.settings import Settings
from tests.contracts.planted_problem import PUBLIC, planted_problem
from trainables.attacks import Attacker
from trainables.attacks.logit_loss import LogitLoss, PublicFeature, feature_mean, lomma_loss
from trainables.models.target_model import TargetOutput


class TinyTarget(nn.Module):
    """Feature of two numbers, three logits."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2, 3)

    def forward(self, images: Tensor) -> TargetOutput:
        feature = images.flatten(1)[:, :2]
        return TargetOutput(feature, self.head(feature))


@pytest.mark.parametrize("students", [0, 1, 3])
def test_loss_is_the_published_sum(students: int) -> None:
    torch.manual_seed(0)
    target = TinyTarget().double()
    others = [nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double() for _ in range(students)]
    images, labels = torch.rand(5, 1, 2, 2).double(), torch.tensor([0, 2, 1, 1, 0])
    p_reg = torch.tensor([0.3, -0.4]).double()
    loss, logits = LogitLoss(target, others, p_reg, weight=1.7)(images, labels)
    expected = 0.0
    for image, label in zip(images, labels.tolist(), strict=True):
        output = target(image[None])
        of_models = [output.logits, *(student(image[None]) for student in others)]
        expected -= sum(each[0, label].item() for each in of_models) / (students + 1)
        distances = [(output.feature[0, d].item() - p_reg[d].item()) ** 2 for d in range(2)]
        expected += 1.7 * sum(distances) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert torch.equal(logits, target(images).logits)


def test_p_reg_is_the_mean_eval_mode_feature() -> None:
    problem = planted_problem(dtype=torch.float64)
    mean = feature_mean(PublicFeature(images=5000, seed=0), problem.attacker())
    assert problem.target.training
    problem.target.eval()
    expected = sum(problem.target(picture[None].double() / 255).feature[0] for picture in problem.public)
    torch.testing.assert_close(mean, (expected / PUBLIC).detach())


def test_p_reg_of_fewer_pictures_is_a_mean_of_some_that_the_seed_chooses() -> None:
    attacker = planted_problem(dtype=torch.float64).attacker()
    means = [feature_mean(PublicFeature(images=7, seed=seed), attacker) for seed in (0, 0, 1)]
    assert torch.equal(means[0], means[1])
    assert not torch.equal(means[0], means[2])


def test_what_is_kept_is_asked_for_by_what_decides_it() -> None:
    """The weight of the regulariser and the epochs of students change nothing in p_reg."""
    problem, asked = planted_problem(), []

    def keep(name: str, settings: Settings, build: object) -> dict[str, Tensor]:
        asked.append((name, settings.model_dump()))
        return build()

    attacker = Attacker(problem.target, problem.prior, problem.public, keep)
    for lomma in (LOMMA(students=("small",), student_epochs=1), LOMMA(students=(), regularisation_weight=3)):
        lomma_loss(lomma, attacker)
    assert [name for name, _ in asked] == ["feature_means", "students", "feature_means"]
    assert asked[0] == asked[2]
    assert asked[0][1] == {"images": 5000, "seed": 0}
