"""What every target must do."""

from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from search_spaces.architectures import ARCHITECTURES
from search_spaces.targets import TargetSettings
from trainables.attacks.inference import inference_copy
from trainables.models import TargetModel, build_network, build_target

CLASSES = 3


def with_statistics_of(model: TargetModel, pictures: Tensor) -> TargetModel:
    """Return ``model`` with the running statistics of ``pictures``: with initial ones 150 layers overflow."""
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model.train()(pictures)
    for norm in norms:
        norm.momentum = 0.1
    return model


class TargetContract:
    """Inherit it as ``class TestMine(TargetContract): architecture = "mine"``."""

    architecture: ClassVar[str]
    """The kind of the network."""
    resolution: ClassVar[int] = 32
    """Pixels a side of the pictures: as few as the network takes."""
    depth: ClassVar[int] = 2
    """Freeze depth of the training step."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> TargetModel:
        """Return the network with random weights."""
        torch.set_num_threads(1)
        settings = TargetSettings(architecture=cls.architecture)
        model = build_target(settings, CLASSES, cls.resolution, seed=0)
        return with_statistics_of(model, 1 - cls.pictures_of_a_batch())

    @pytest.fixture(scope="class")
    @classmethod
    def pictures(cls) -> Tensor:
        """Return the pictures of a batch."""
        return cls.pictures_of_a_batch()

    @classmethod
    def pictures_of_a_batch(cls) -> Tensor:
        """Return four random pictures."""
        generator = torch.Generator().manual_seed(1)
        return torch.rand(4, 3, cls.resolution, cls.resolution, generator=generator)

    def test_what_is_said_of_it_is_true(self, model: TargetModel) -> None:
        about = ARCHITECTURES[self.architecture]
        assert len(model.freeze_units) == about.units
        assert set(model.hidden_units) <= set(model.freeze_units)
        with torch.device("meta"):  # shapes alone
            whole = build_network(self.architecture, 1000, about.published_side)
        assert sum(parameter.numel() for parameter in whole.parameters()) == about.parameters

    def test_initial_weights_depend_on_the_seed_alone(self, model: TargetModel) -> None:
        settings = TargetSettings(architecture=self.architecture)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            one, again = (build_target(settings, CLASSES, self.resolution, seed=7) for _ in range(2))
        other = build_target(settings, CLASSES, self.resolution, seed=8)
        assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in one.state_dict().items())
        assert not torch.equal(one.head.weight, other.head.weight)

    def test_one_step_trains_what_is_not_frozen(self, model: TargetModel, pictures: Tensor) -> None:
        """Frozen weights keep their bits, their BatchNorm in training mode sees the batch, the rest moves."""
        model.train().requires_grad_(True)
        frozen = {id(parameter) for parameter in model.prefix_parameters(self.depth)}
        for parameter in model.prefix_parameters(self.depth):
            parameter.requires_grad_(False)
        before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.SGD(trained, lr=1e-3, weight_decay=1e-4)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            logits = model(pictures).logits
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0]))
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        prefix = tuple(f"units.{name}." for name in model.freeze_units[: self.depth])
        for name, tensor in model.named_parameters():
            moved = not torch.equal(tensor, before[name])
            assert not (id(tensor) in frozen and moved), name
            assert (tensor.grad is None) == (id(tensor) in frozen), name
        statistics = [
            name
            for name in before
            if name.startswith(prefix) and name.endswith(("running_mean", "running_var"))
        ]
        norms = [part for name in prefix for part in model.get_submodule(name[:-1]).modules()]
        assert bool(statistics) == any(isinstance(part, nn.BatchNorm2d) for part in norms)
        assert not any(torch.equal(model.state_dict()[name], before[name]) for name in statistics)
        assert not torch.equal(model.head.weight, before["head.weight"])

    def test_feature_and_logits(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        with torch.no_grad():
            feature, logits = model(pictures)
            assert logits.shape == (4, CLASSES)
            assert feature.shape == (4, model.head.in_features)
            torch.testing.assert_close(model.head(feature), logits)
        assert torch.isfinite(logits).all()

    def test_a_picture_is_seen_alike_alone_and_among_others(
        self, model: TargetModel, pictures: Tensor
    ) -> None:
        model.eval()
        with torch.no_grad():
            torch.testing.assert_close(
                model(pictures[:1]).logits, model(pictures).logits[:1], atol=1e-4, rtol=1e-4
            )

    def test_grey_is_repeated_colour(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        grey = pictures[:, :1]
        with torch.no_grad():
            assert torch.equal(model(grey).logits, model(grey.expand(-1, 3, -1, -1)).logits)

    def test_hidden_layers_end_in_the_feature(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        with torch.no_grad():
            hidden, feature, logits, _ = model.trace(pictures)
            assert torch.equal(logits, model(pictures).logits)
        assert len(hidden) == len(model.hidden_units) + 1
        assert hidden[-1] is feature
        assert not any(torch.equal(each, hidden[0]) for each in hidden[1:] if each.shape == hidden[0].shape)

    def test_from_any_unit_the_output_is_the_same(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        with torch.no_grad():
            activations = model.normalise(pictures)
            for unit in list(model.units.values())[: self.depth]:
                activations = unit(activations)
            again = model.from_unit(activations, self.depth).logits
            torch.testing.assert_close(again, model(pictures).logits, atol=1e-6, rtol=1e-6)

    def test_the_copy_for_attacks_computes_the_same(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        with torch.no_grad():
            expected, found = model(pictures), inference_copy(model)(pictures)
        scale = float(expected.logits.abs().max())
        torch.testing.assert_close(found.logits, expected.logits, atol=1e-3 * scale, rtol=1e-3)

    def test_the_gradient_reaches_the_picture(self, model: TargetModel, pictures: Tensor) -> None:
        model.eval()
        free = pictures[:1].clone().requires_grad_()
        model(free).logits[0, 0].backward()
        assert free.grad is not None
        assert torch.isfinite(free.grad).all()
        assert free.grad.abs().sum() > 0
