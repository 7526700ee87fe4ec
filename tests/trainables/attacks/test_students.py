"""Students of T: the distillation loss, what they learn, what they start from."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision.models
from torch import nn

from search_spaces import seed_stream
from search_spaces.attacks import LOMMA
from search_spaces.files import FileUnusable
from tldmi_sweep.testing.planted_problem import planted_problem
from trainables.attacks import AttackDiverged
from trainables.attacks.students import (
    Student,
    StudentRecipe,
    distil,
    distillation_loss,
    load_students,
)
from trainables.weights.fitting import WeightsMismatch

SMALL = LOMMA(students=("small",), student_epochs=40, student_batch_size=16, student_learning_rate=0.05)


def undistilled(network: str, **changes: object) -> LOMMA:
    lomma = LOMMA.model_validate({"students": (network,), **changes})
    return lomma.model_copy(update={"student_epochs": 0})


def test_distillation_loss_is_the_divergence_written_out() -> None:
    logits = torch.tensor([[0.3, -1.0, 2.0], [0.0, 0.5, 0.1]]).double()
    soft = torch.tensor([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]]).double()
    of_student = logits.exp() / logits.exp().sum(1, keepdim=True)
    expected = (
        sum((soft[b, k] * (soft[b, k] / of_student[b, k]).log()).item() for b in (0, 1) for k in range(3)) / 2
    )
    assert distillation_loss(logits, soft).item() == pytest.approx(expected, rel=1e-12)


def test_a_student_learns_what_its_teacher_says() -> None:
    problem = planted_problem()
    (student,) = load_students(SMALL, problem.attacker())
    (fresh,) = load_students(SMALL.model_copy(update={"student_epochs": 1}), problem.attacker())
    problem.target.eval()
    pictures = problem.public.float() / 255
    with torch.no_grad():
        soft = problem.target(pictures).logits.softmax(1)
        agreed = (student(pictures).argmax(1) == soft.argmax(1)).double().mean()
        assert distillation_loss(student(pictures), soft) < 0.6 * distillation_loss(fresh(pictures), soft)
    assert agreed > 0.6
    assert not any(part.training for part in student.modules())


def test_students_repeat_bit_for_bit_and_differ_from_each_other() -> None:
    attacker = planted_problem().attacker()
    pair = SMALL.model_copy(update={"students": ("small", "small"), "student_epochs": 1})
    state = torch.get_rng_state()
    first, second = load_students(pair, attacker)
    again = load_students(pair, attacker)[0]
    assert torch.equal(torch.get_rng_state(), state)
    weights = [student.network[0].weight for student in (first, second, again)]
    assert torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[1])


@pytest.mark.parametrize(("name", "features"), [("efficientnet_b0", 1280), ("efficientnet_b2", 1408)])
def test_efficientnets_have_one_linear_layer_of_the_targets_classes(name: str, features: int) -> None:
    problem = planted_problem()
    (student,) = load_students(undistilled(name), problem.attacker())
    assert isinstance(student.network.classifier, nn.Linear)
    assert (student.network.classifier.in_features, student.network.classifier.out_features) == (features, 8)
    assert student(torch.rand(2, 1, 64, 64)).shape == (2, 8)


def test_training_uses_stochastic_depth_yet_repeats() -> None:
    problem = planted_problem()
    lomma = LOMMA(students=("efficientnet_b0",), student_epochs=1)
    small = problem.attacker()
    outputs = [load_students(lomma, small)[0](torch.full((1, 1, 8, 8), 0.5)) for _ in range(2)]
    assert torch.equal(*outputs)


def test_students_start_from_given_weights_but_for_the_classifier(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        source = torchvision.models.efficientnet_b0(weights=None)
    safetensors.torch.save_file(source.state_dict(), tmp_path / "efficientnet_b0.safetensors")
    lomma = undistilled("efficientnet_b0", student_weights=str(tmp_path))
    (student,) = load_students(lomma, planted_problem().attacker())
    for name, tensor in student.network.features.state_dict().items():
        assert torch.equal(tensor, source.features.state_dict()[name]), name


def test_unusable_weights_are_refused(tmp_path: Path) -> None:
    lomma = undistilled("efficientnet_b0", student_weights=str(tmp_path))
    attacker = planted_problem().attacker()
    with pytest.raises(FileUnusable, match=r"efficientnet_b0\.safetensors cannot be read: .* from scratch"):
        load_students(lomma, attacker)
    path = tmp_path / "efficientnet_b0.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(FileUnusable, match="is not a safetensors file"):
        load_students(lomma, attacker)
    safetensors.torch.save_file({"other": torch.zeros(1)}, path)
    with pytest.raises(WeightsMismatch, match="missing"):
        load_students(lomma, attacker)


def test_a_diverging_distillation_is_reported() -> None:
    with pytest.raises(AttackDiverged, match=r"student small diverged.*student_learning_rate"):
        load_students(SMALL.model_copy(update={"student_learning_rate": 1e30}), planted_problem().attacker())


def test_steps_of_a_distillation_follow_the_published_recipe() -> None:
    """SGD with momentum 0.9 and weight decay 1e-4, written out; three batches of two pictures, two epochs."""
    public = torch.randint(0, 256, (6, 3, 2, 2), generator=torch.Generator().manual_seed(0)).byte()
    soft = torch.randn(6, 3, generator=torch.Generator().manual_seed(1)).double().softmax(1)
    head = nn.Linear(12, 3).double()
    weight, bias = head.weight.detach().clone(), head.bias.detach().clone()
    recipe = StudentRecipe(network="small", member=1, epochs=2, batch_size=2, learning_rate=0.5, seed=4)
    order, batches = torch.Generator().manual_seed(seed_stream(4, "student", "small", 1, "order")), []
    for _ in range(recipe.epochs):
        batches += torch.randperm(6, generator=order).split(2)
    distil(recipe, Student(nn.Sequential(nn.Flatten(), head)), public, lambda indices: soft[indices])
    velocity = torch.zeros_like(weight), torch.zeros_like(bias)
    for chosen in batches:
        pictures = public[chosen].flatten(1).double() / 255
        error = ((pictures @ weight.T + bias).softmax(1) - soft[chosen]) / 2  # gradient of the mean KL
        slopes = error.T @ pictures + 1e-4 * weight, error.sum(0) + 1e-4 * bias
        velocity = tuple(0.9 * old + slope for old, slope in zip(velocity, slopes, strict=True))
        weight, bias = weight - 0.5 * velocity[0], bias - 0.5 * velocity[1]
    torch.testing.assert_close(head.weight.detach(), weight, rtol=0, atol=1e-12)
    torch.testing.assert_close(head.bias.detach(), bias, rtol=0, atol=1e-12)
