"""Soft labels of T: cached in eval mode, or batch by batch in training mode; T itself never changes."""

import copy

import pytest
import torch
from torch import nn

from tldmi_sweep.testing.planted_problem import planted_problem
from trainables.attacks.kedmi import TEACHERS
from trainables.attacks.teacher import (
    BATCH,
    CachedTeacher,
    NoPublicPictures,
    TrainingModeTeacher,
    public_outputs,
)
from trainables.models.small_vgg import small_vgg


def test_cached_labels_are_those_of_eval_mode() -> None:
    problem = planted_problem(dtype=torch.float64)
    labels = CachedTeacher(problem.target, problem.public)(torch.tensor([7, 0, 7]))
    problem.target.eval()
    logits = problem.target(problem.public[[7, 0, 7]].double() / 255).logits
    torch.testing.assert_close(labels, logits.softmax(1).detach())


def test_outputs_cover_every_picture_in_order() -> None:
    target = small_vgg(3, 16)
    public = torch.randint(0, 256, (BATCH + 3, 1, 16, 16), dtype=torch.uint8)
    feature, logits = public_outputs(target, public)
    with torch.no_grad():
        output = target.eval()(public.float() / 255)
    torch.testing.assert_close(feature, output.feature, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits, output.logits, rtol=1e-4, atol=1e-5)


def test_training_mode_labels_depend_on_the_batch() -> None:
    problem = planted_problem(dtype=torch.float64)
    label_of = TrainingModeTeacher(problem.target, problem.public)
    first, second = label_of(torch.tensor([0, 1, 2])), label_of(torch.tensor([0, 40, 50]))
    assert (first[0].log() - second[0].log()).abs().max() > 1
    live = copy.deepcopy(problem.target).train()
    expected = live(problem.public[:3].double() / 255).logits.softmax(1).detach()
    torch.testing.assert_close(first, expected)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_too_few_pictures_are_refused(mode: str) -> None:
    problem = planted_problem()
    with pytest.raises(NoPublicPictures, match=r"1 public pictures: .* at least 2"):
        TEACHERS[mode](problem.target, problem.public[:1])


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("training", [True, False])
def test_the_target_is_left_alone(mode: str, training: bool) -> None:
    target = planted_problem().target.train(training)
    before = copy.deepcopy(target.state_dict())
    labels = TEACHERS[mode](target, planted_problem().public)(torch.arange(9))
    torch.testing.assert_close(labels.sum(1), torch.ones(9))
    assert not labels.requires_grad
    assert target.training == training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in target.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in target.state_dict().items())
    assert isinstance(target, nn.Module)
