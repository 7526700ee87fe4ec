"""Parameter counts, exact: totals, and what is left to train behind every freezing point of the supplement.

The networks live on the meta device: shapes without memory.
"""

from functools import cache

import pytest
import torch

from search_spaces.architectures import ARCHITECTURES
from search_spaces.defenses import Defense
from search_spaces.defenses.mid import MID
from search_spaces.targets import FREEZE_UNITS, PAPER_FREEZE_DEPTHS, Architecture, TargetSettings
from trainables.defenses import build_defense
from trainables.models import TargetModel, build_network, build_target
from trainables.models.inception import InceptionV3
from trainables.models.ir_network import IRSE50, facenet112
from trainables.models.low_shot_resnet import LowShotResNet


@cache
def on_meta(architecture: Architecture, classes: int = 1000) -> TargetModel:
    resolution = 224 if architecture == "maxvit" else 64
    with torch.device("meta"):
        return build_network(architecture, classes, resolution)


def left_behind(model: TargetModel, unit: str) -> int:
    """Return theta_C when everything up to ``unit`` is frozen."""
    depth = model.freeze_units.index(unit) + 1
    return model.theta_c - sum(
        parameter.numel() for parameter in model.prefix_parameters(depth) if parameter.requires_grad
    )


@pytest.mark.parametrize(
    ("architecture", "classes", "total"),
    [
        ("vgg16", 1000, 16_776_232),
        ("ir152", 1000, 62_599_848),
        ("facenet64", 1000, 35_437_224),
        ("resnet34", 1000, 21_480_616),
        ("resnet18", 1000, 11_689_512),
        ("resnet18", 530, 11_448_402),
        ("resnet50", 8631, 41_192_951),
        ("resnet101", 1000, 44_549_160),
        ("resnet101", 530, 43_586_130),
        ("resnet152", 1000, 60_192_808),
        ("resnet152", 530, 59_229_778),
        ("resnet152", 120, 58_389_688),
        ("resnest101", 1000, 48_275_016),
        ("resnest101", 120, 46_471_896),
        ("maxvit", 1000, 30_919_624),
        ("maxvit", 530, 30_678_984),
    ],
)
def test_totals(architecture: Architecture, classes: int, total: int) -> None:
    assert on_meta(architecture, classes).theta_t == total


def test_only_the_bias_of_the_neck_of_vgg16_is_never_trained() -> None:
    assert {name: on_meta(name).theta_t - on_meta(name).theta_c for name in ARCHITECTURES.kinds} == {
        **dict.fromkeys(ARCHITECTURES.kinds, 0),
        "vgg16": 2048,
        "small_vgg": 2048,
    }


@pytest.mark.parametrize(
    ("unit", "trained"),
    [
        ("conv1", 16_772_264),
        ("conv2", 16_735_208),
        ("conv3", 16_661_096),
        ("conv4", 16_513_256),
        ("conv5", 16_217_576),
        ("conv6", 15_626_984),
        ("conv7", 15_036_392),
        ("conv8", 13_855_208),
        ("conv9", 11_494_376),
        ("conv10", 9_133_544),
        ("conv11", 6_772_712),
        ("conv12", 4_411_880),
        ("conv13", 2_051_048),
    ],
)
def test_vgg16(unit: str, trained: int) -> None:
    assert left_behind(on_meta("vgg16"), unit) == trained


INPUT_LAYER = 1920
"""Parameters that the published code leaves trained by a misspelt attribute."""


@pytest.mark.parametrize(
    ("architecture", "unit", "published"),
    [
        ("facenet64", "body2", 35_215_080),
        ("facenet64", "body3", 34_984_936),
        ("facenet64", "body4", 34_689_384),
        ("facenet64", "body5", 34_393_832),
        ("facenet64", "body6", 34_098_280),
        ("facenet64", "body7", 33_179_240),
        ("facenet64", "body12", 27_274_600),
        ("facenet64", "body16", 22_550_888),
        ("facenet64", "body20", 17_827_176),
        ("facenet64", "body21", 14_154_088),
        ("facenet64", "body22", 9_432_936),
        ("facenet64", "body23", 4_711_784),
        ("ir152", "body2", 62_377_704),
        ("ir152", "body10", 60_078_696),
        ("ir152", "body11", 59_159_656),
        ("ir152", "body20", 48_531_304),
        ("ir152", "body30", 36_722_024),
        ("ir152", "body40", 24_912_744),
        ("ir152", "body44", 20_189_032),
        ("ir152", "body45", 19_008_104),
        ("ir152", "body46", 17_827_176),
        ("ir152", "body47", 14_154_088),
        ("ir152", "body48", 9_432_936),
        ("ir152", "body49", 4_711_784),
    ],
)
def test_ir_networks_with_and_without_the_input_layer(
    architecture: Architecture, unit: str, published: int
) -> None:
    """A freeze depth freezes the input layer too; the published code leaves it trained."""
    model = on_meta(architecture)
    assert left_behind(model, unit) == published - INPUT_LAYER
    assert sum(each.numel() for each in model.units["input_layer"].parameters()) == INPUT_LAYER


@pytest.mark.parametrize(
    ("architecture", "unit", "trained"),
    [
        ("resnet18", "stem", 11_679_976),
        ("resnet18", "layer1_1", 11_532_008),
        ("resnet18", "layer2_1", 11_006_440),
        ("resnet18", "layer3_1", 8_906_728),
        ("resnet18", "layer4_0", 5_233_640),
        ("resnet18", "layer4_1", 513_000),
        ("resnet101", "layer1_2", 44_323_816),
        ("resnet101", "layer2_3", 43_104_232),
        ("resnet101", "layer3_22", 17_013_736),
        ("resnet101", "layer4_2", 2_049_000),
        ("resnest101", "layer2_3", 46_585_704),
        ("resnest101", "layer3_13", 29_153_896),
        ("resnest101", "layer3_14", 27_937_000),
        ("resnest101", "layer3_15", 26_720_104),
        ("resnest101", "layer3_22", 18_201_832),
        ("resnest101", "layer4_2", 2_049_000),
        ("maxvit", "stem", 30_880_840),
        ("maxvit", "block0_1", 30_585_888),
        ("maxvit", "block1_1", 29_471_824),
        ("maxvit", "block2_4", 18_306_368),
        ("maxvit", "block3_1", 775_680),
    ],
)
def test_networks_at_224(architecture: Architecture, unit: str, trained: int) -> None:
    assert left_behind(on_meta(architecture), unit) == trained


@pytest.mark.parametrize(
    ("unit", "thousands"),
    [("layer1_2", 40_968), ("layer2_3", 39_748), ("layer3_5", 32_650), ("layer4_2", 17_685)],
)
def test_resnet50_of_8631_classes(unit: str, thousands: int) -> None:
    assert round(left_behind(on_meta("resnet50", 8631), unit) / 1000) == thousands


@pytest.mark.parametrize(("features", "total"), [(128, 21_480_616), (50, 21_362_446)])
def test_resnet34_of_vmi(features: int, total: int) -> None:
    """No width of the feature gives both printed numbers, 21.5 and 21.1 M."""
    with torch.device("meta"):
        model = LowShotResNet(1000, features)
    frozen = {unit: total - left_behind(model, unit) for unit in ("stem", "layer1_2", "layer2_0")}
    assert model.theta_t == total
    assert frozen == {"stem": 9_536, "layer1_2": 231_488, "layer2_0": 461_632}


@pytest.mark.parametrize(
    ("architecture", "millions"),
    [
        ("vgg16", [15.0, 13.9, 11.5, 9.1, 2.1]),
        ("ir152", [17.8]),
        ("facenet64", [34.4]),
        ("resnet34", [21.2]),
        ("resnet18", [8.9]),
        ("resnest101", [27.9]),
        ("maxvit", [18.3]),
    ],
)
def test_depths_of_the_supplement(architecture: Architecture, millions: list[float]) -> None:
    """As printed, except the 21.1 M of ResNet-34."""
    model = on_meta(architecture)
    names = [model.freeze_units[depth - 1] for depth in PAPER_FREEZE_DEPTHS[architecture]]
    assert [round(left_behind(model, name) / 1e6, 1) for name in names] == millions


def test_evaluators() -> None:
    with torch.device("meta"):
        assert facenet112(1000).theta_t == 44_087_976
        assert facenet112(1000).theta_t - 513_000 == 43_574_976
        assert IRSE50(1000, decoder=False).theta_t - 513_000 == 43_797_696
        assert IRSE50(1000, decoder=True).theta_t == 44_839_080
        totals = {classes: InceptionV3(classes).theta_t for classes in (1000, 530, 120)}
    assert totals == {1000: 27_161_264, 530: 26_198_234, 120: 25_358_144}


def test_resnest_is_printed_with_its_buffers() -> None:
    model = on_meta("resnest101")
    buffers = sum(each.numel() for name, each in model.named_buffers() if name not in {"mean", "std"})
    assert model.theta_t + buffers == 48_405_267


@pytest.mark.parametrize(
    ("architecture", "bottleneck", "total"),
    [
        ("vgg16", 1024, 19_944_488),
        ("ir152", 256, 62_599_848 - 513_000 + 512 * 513 + 257_000),
        ("facenet64", 256, 35_437_224 - 513_000 + 512 * 513 + 257_000),
        ("resnet34", 64, 21_480_616 - 256 - 129_000 + 128 * 129 + 65_000),
    ],
)
def test_bottlenecks(architecture: Architecture, bottleneck: int, total: int) -> None:
    settings = TargetSettings(architecture=architecture)
    with torch.device("meta"):
        model = build_defense(Defense.of(MID()), 0).network(build_target(settings, 1000, 64, seed=0))
    assert model.head.in_features == bottleneck
    assert model.theta_t == total


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
def test_every_unit_and_hidden_layer_is_there(architecture: Architecture) -> None:
    model = on_meta(architecture)
    assert len(model.freeze_units) == FREEZE_UNITS[architecture]
    assert set(model.hidden_units) <= set(model.freeze_units)
    assert left_behind(model, model.freeze_units[-1]) == sum(
        each.numel() for part in (model.neck, model.head) for each in part.parameters() if each.requires_grad
    )
