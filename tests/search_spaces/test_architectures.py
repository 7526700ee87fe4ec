"""Architectures by name: known ones, unknown ones, and those of a plugin."""

from typing import ClassVar, Literal

import pytest
from pydantic import ValidationError

from search_spaces.architectures import ARCHITECTURES, Architecture
from search_spaces.canonical import identity
from search_spaces.setting_errors import setting_errors
from search_spaces.targets import TargetSettings


class Mine(Architecture):
    """An architecture of a plugin."""

    plugin_hash: ClassVar[str | None] = "0123456789abcdef"
    units: ClassVar[int] = 2
    parameters: ClassVar[int] = 10
    kind: Literal["mine"] = "mine"


@pytest.fixture
def _with_mine() -> object:
    ARCHITECTURES.register(Mine)
    yield
    ARCHITECTURES.remove("mine")


def test_an_unknown_name_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(ValidationError) as caught:
        TargetSettings(architecture="resnet81")
    (error,) = setting_errors(caught.value, TargetSettings)
    assert error.where == "architecture"
    assert "'vgg16'" in str(error)
    assert "(found 'resnet81') Did you mean 'resnet18'?" in str(error)


def test_the_schema_lists_the_names() -> None:
    names = TargetSettings.model_json_schema()["properties"]["architecture"]["enum"]
    assert tuple(names) == ARCHITECTURES.kinds


@pytest.mark.usefixtures("_with_mine")
def test_an_architecture_of_a_plugin_makes_its_file_part_of_the_identity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = TargetSettings(architecture="mine")
    assert settings.network is Mine
    assert settings.model_dump(mode="json")["architecture_plugin"] == Mine.plugin_hash
    assert TargetSettings.model_validate_json(settings.model_dump_json()) == settings
    monkeypatch.setattr(Mine, "plugin_hash", "fedcba9876543210")
    assert identity(TargetSettings(architecture="mine")) != identity(settings)
    with pytest.raises(ValidationError, match="the plugin has changed"):
        TargetSettings.model_validate_json(settings.model_dump_json())


def test_built_in_ones_leave_the_plugin_out() -> None:
    assert "architecture_plugin" not in TargetSettings(architecture="vgg16").model_dump()


@pytest.mark.parametrize(
    ("architecture", "fits", "too_small"),
    [("vgg16", 32, 31), ("small_vgg", 16, 15), ("maxvit", 224, 100), ("maxvit", 64, 32)],
)
def test_sizes_that_a_network_cannot_take(architecture: str, fits: int, too_small: int) -> None:
    network = ARCHITECTURES[architecture]
    assert network.side_error(fits) is None
    assert str(too_small) in str(network.side_error(too_small))
