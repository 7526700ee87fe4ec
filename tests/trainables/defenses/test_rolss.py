"""RoLSS: the skip connections of the chosen stages are gone or weaker, everything else of T stays."""

import copy
from collections.abc import Iterator
from typing import ClassVar, Literal

import pytest
import torch
from torch import Tensor, nn

from search_spaces.architectures import ARCHITECTURES, Architecture
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from search_spaces.defenses.rolss import RoLSS
from search_spaces.targets import TargetSettings
from tldmi_sweep.testing.defense_contract import DefenseContract
from trainables.attacks.inference import inference_copy
from trainables.defenses import build_defense
from trainables.defenses.rolss import skip_name
from trainables.implementations import implements
from trainables.models import build_network, build_target
from trainables.models.face_resnet import Residual
from trainables.models.ir_network import IRUnit
from trainables.models.low_shot_resnet import SimpleBlock
from trainables.models.target_model import TargetModel

SMALL = ("resnet18", "resnet34", "face_resnet")
"""Networks of each family of blocks that are quick to build."""
RESIDUAL = [own.kind_name() for own in ARCHITECTURES if own.residual_stages]


class TinyResidual(Architecture):
    """Two stages of two narrow blocks; an architecture as a plugin brings one."""

    units: ClassVar[int] = 5
    residual_stages: ClassVar[int] = 2
    parameters: ClassVar[int] = 0
    kind: Literal["tiny_residual"] = "tiny_residual"


@implements(TinyResidual)
class TinyResidualTarget(TargetModel):
    def __init__(self, num_classes: int, resolution: int) -> None:
        super().__init__()
        self.set_normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        stem = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU())
        widths = {"a0": (8, 16), "a1": (16, 16), "b0": (16, 32), "b1": (32, 32)}
        blocks = {name: SimpleBlock(*width) for name, width in widths.items()}
        self.units = nn.ModuleDict({"stem": stem, **blocks})
        self.residual_stages = (("a0", "a1"), ("b0", "b1"))
        self.hidden_units = ("a1", "b1")
        self.neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(32, num_classes)


@pytest.fixture(scope="module", autouse=True)
def _with_tiny_residual() -> Iterator[None]:
    ARCHITECTURES.register(TinyResidual)
    yield
    ARCHITECTURES.remove("tiny_residual")


class TestRoLSS(DefenseContract):
    settings = RoLSS()
    architecture = "tiny_residual"


class TestScaledSkips(DefenseContract):
    settings = RoLSS(skip_stages=("1", "last"), skip_scale=0.2)
    architecture = "tiny_residual"


class TestWithTLDMI(DefenseContract):
    settings = Defense.of(TLDMI(freeze_depth=2), RoLSS())
    architecture = "tiny_residual"


class TestWithBiDO(DefenseContract):
    settings = Defense.of(RoLSS(), BiDOHSIC(lambda_x=0.01, lambda_y=0.1))
    architecture = "tiny_residual"


def plain(architecture: str) -> TargetModel:
    """Return T without a defence, in eval mode; its weights are always the same."""
    return build_target(TargetSettings(architecture=architecture), 5, 32, 7).eval()


def changed(architecture: str, settings: RoLSS) -> TargetModel:
    return build_defense(Defense.of(settings), 0).network(plain(architecture)).eval()


def by_hand(block: nn.Module, activations: Tensor, scale: float) -> Tensor:
    """Return the output of an unchanged ``block`` with its skip connection times ``scale``."""
    if isinstance(block, Residual):
        return (block.main(activations) + scale * _widened(block.shortcut(activations), block)).relu()
    if isinstance(block, SimpleBlock):
        return (block.residual(activations) + scale * block.shortcut(activations)).relu()
    if isinstance(block, IRUnit):
        output: Tensor = block.residual(activations) + scale * block.shortcut(activations)
        return output
    inner = block.bn1(block.conv1(activations)).relu()  # type: ignore[operator]  (torchvision's BasicBlock)
    inner = block.bn2(block.conv2(inner))  # type: ignore[operator]
    skip = activations if block.downsample is None else block.downsample(activations)  # type: ignore[operator]
    total: Tensor = inner + scale * skip
    return total.relu()


def _widened(skip: Tensor, block: Residual) -> Tensor:
    convolution = block.main[2]
    assert isinstance(convolution, nn.Conv2d)
    missing = convolution.out_channels - skip.shape[1]
    return torch.cat([skip, skip.new_zeros(len(skip), missing, *skip.shape[2:])], 1)


def expected(model: TargetModel, images: Tensor, stages: set[int], scale: float) -> Tensor:
    """Return the logits of ``model``, its blocks in ``stages``, from 0, computed by hand."""
    touched = {name for place in stages for name in model.residual_stages[place]}
    activations = model.normalise(images)
    for name, unit in model.units.items():
        activations = by_hand(unit, activations, scale) if name in touched else unit(activations)
    logits: Tensor = model.head(model.neck(activations))
    return logits


def pictures() -> Tensor:
    return torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("architecture", [*SMALL, "facenet64"])
@pytest.mark.parametrize(
    ("stages", "scale", "places"),
    [(("last",), 0.0, {3}), (("1", "3"), 0.0, {0, 2}), (("2", "last"), 0.2, {1, 3})],
)
def test_logits_are_those_of_blocks_written_by_hand(
    architecture: str, stages: tuple[str, ...], scale: float, places: set[int]
) -> None:
    images = pictures()
    with torch.no_grad():
        found = changed(architecture, RoLSS(skip_stages=stages, skip_scale=scale))(images).logits
        wanted = expected(plain(architecture), images, places, scale)
        without = plain(architecture)(images).logits
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, without, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("architecture", SMALL)
def test_without_its_weights_a_block_passes_no_gradient_on(architecture: str) -> None:
    """A block whose residual branch is zero is a dead end without its skip connection, and none with it."""
    for settings, reaches in ((RoLSS(), False), (RoLSS(skip_stages=("1",)), True)):
        model = changed(architecture, settings)
        block = model.units[model.residual_stages[-1][-2]]
        kept = getattr(block, skip_name(block))
        for part in block.modules():
            if isinstance(part, nn.Conv2d) and part not in set(kept.modules() if kept else ()):
                nn.init.zeros_(part.weight)
        images = pictures().requires_grad_(True)
        model(images).logits.square().sum().backward()
        assert images.grad is not None
        assert bool(images.grad.any()) is reaches


@pytest.mark.parametrize("architecture", SMALL)
def test_weights_keep_their_names_numbers_and_values(architecture: str) -> None:
    before, after = plain(architecture), changed(architecture, RoLSS())
    assert after.theta_t == before.theta_t
    found = after.state_dict()
    assert list(found) == list(before.state_dict())
    assert all(torch.equal(tensor, found[name]) for name, tensor in before.state_dict().items())


def test_the_weights_of_an_undefended_t_load_and_a_t_is_loaded_back() -> None:
    trained = build_target(TargetSettings(architecture="resnet34"), 5, 32, 1)
    model = changed("resnet34", RoLSS())
    model.load_state_dict(trained.state_dict())
    images = pictures()
    with torch.no_grad():
        assert torch.allclose(
            model(images).logits, expected(trained.eval(), images, {3}, 0), rtol=1e-4, atol=1e-5
        )


def test_weights_and_statistics_of_a_removed_skip_stay_those_of_a_scaled_one_are_trained() -> None:
    for scale, learns in ((0.0, False), (0.2, True)):
        built = build_defense(Defense.of(RoLSS(skip_scale=scale)), 0)
        model = built.network(plain("resnet34"))
        built.prepare(model)
        model.train()
        shortcut = model.units["layer4_0"].shortcut
        assert isinstance(shortcut, nn.Sequential)
        before = copy.deepcopy(shortcut.state_dict())
        model(pictures()).logits.square().sum().backward()
        assert {parameter.requires_grad for parameter in shortcut.parameters()} == {learns}
        assert (shortcut[0].weight.grad is not None) is learns
        assert torch.equal(shortcut.state_dict()["1.running_mean"], before["1.running_mean"]) is not learns
        assert model.theta_t - model.theta_c == (0 if learns else 256 * 512 + 2 * 512)


def test_mid_wraps_the_changed_network() -> None:
    product = Defense.of(RoLSS(), MID(prediction="mean"))
    model = build_defense(product, 0).network(plain("resnet34")).eval()
    images = pictures()
    with torch.no_grad():
        last = model.run_units(model.normalise(images), 0)[0]
        wanted = changed("resnet34", RoLSS()).run_units(model.normalise(images), 0)[0]
    assert torch.equal(last, wanted)


def test_a_copy_that_is_attacked_computes_the_same() -> None:
    model = changed("resnet34", RoLSS(skip_stages=("1", "last"), skip_scale=0.2))
    images = pictures()
    with torch.no_grad():
        found = inference_copy(model)(images).logits
        assert torch.allclose(found, model(images).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("architecture", RESIDUAL)
def test_stages_are_those_of_the_network_and_every_block_has_a_skip(architecture: str) -> None:
    known = ARCHITECTURES[architecture]
    for package in known.packages:
        pytest.importorskip(package)
    with torch.device("meta"):
        model = build_network(architecture, 2, 64)
    names = [name for stage in model.residual_stages for name in stage]
    assert len(model.residual_stages) == known.residual_stages
    assert set(names) <= set(model.freeze_units)
    assert names == [name for name in model.freeze_units if name in names]
    for name in names:
        skip_name(model.units[name])
    if architecture != "face_resnet":  # its last stage ends with one more block than BiDO's hidden layer
        ends = [stage[-1] for stage in model.residual_stages]
        assert [name for name in model.hidden_units if name in names] == ends


def test_other_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="has 0 stages of skip connections"):
        changed("small_vgg", RoLSS())
    with pytest.raises(ValueError, match="'5'"):
        changed("resnet34", RoLSS(skip_stages=("5",)))


def test_a_block_without_a_named_skip_is_refused() -> None:
    with pytest.raises(ValueError, match="Linear has no skip connection"):
        skip_name(nn.Linear(1, 1))
