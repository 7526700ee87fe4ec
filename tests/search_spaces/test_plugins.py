"""Plugin files: run once, by name alone; no half of one is left behind; the file is part of identities."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from search_spaces import InvalidSpace, Sweep, load_setup, load_space
from search_spaces.canonical import identity
from search_spaces.plugins import (
    InvalidPlugin,
    Plugin,
    PluginSource,
    defining_plugin,
    load_plugin,
    load_source,
    load_sources,
    loaded_sources,
    unload_plugin,
)
from search_spaces.registry import REGISTRIES
from search_spaces.shipped import shipped_text
from tests.search_spaces.tool_kinds import TOOLS

HAMMER = """
from typing import Literal
from search_spaces.registry import register
from tests.search_spaces.tool_kinds import Tool

@register
class Hammer(Tool):
    '''A hammer.'''
    kind: Literal["hammer"] = "hammer"
    weight: float = 1.0
"""


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    """Forget what plugin files registered."""
    yield
    for source in loaded_sources():
        unload_plugin(load_source(source))
    assert TOOLS.kinds == ()


def write(folder: Path, text: str, name: str = "hammer.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_adds_a_kind_whose_identity_holds_the_file(tmp_path: Path) -> None:
    plugin = load_plugin(write(tmp_path, HAMMER))
    assert plugin.kinds == (("tool", "hammer"),)
    first = TOOLS.validate({"kind": "hammer", "weight": 2})
    assert defining_plugin(type(first)) == plugin
    changed = load_plugin(write(tmp_path, HAMMER + "\n# another text\n"))
    second = TOOLS.validate({"kind": "hammer", "weight": 2})
    assert plugin.source.hash != changed.source.hash
    assert identity(first) != identity(second)
    assert loaded_sources() == (changed.source,)


def test_the_same_file_is_run_once(tmp_path: Path) -> None:
    path = write(tmp_path, HAMMER + f"\nopen({str(tmp_path / 'runs')!r}, 'a').write('x')\n")
    first = load_plugin(path)
    assert load_plugin(str(path)) is first
    load_sources([first.source])
    assert (tmp_path / "runs").read_text() == "x"


def test_settings_of_another_text_are_refused(tmp_path: Path) -> None:
    load_plugin(write(tmp_path, HAMMER))
    dumped = TOOLS.validate({"kind": "hammer"}).model_dump(mode="json")
    assert TOOLS.validate(dumped) == TOOLS.validate({"kind": "hammer"})
    load_plugin(write(tmp_path, HAMMER + "#"))
    with pytest.raises(ValidationError, match="the plugin has changed"):
        TOOLS.validate(dumped)


def test_a_source_makes_the_kind_in_a_process_without_the_file() -> None:
    plugin = load_source(PluginSource("/nowhere/hammer.py", HAMMER))
    assert "hammer" in TOOLS
    unload_plugin(plugin)
    assert "hammer" not in TOOLS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = = 1\n", "line 1: SyntaxError"),
        ("import nowhere_to_be_found\n", "line 1: ModuleNotFoundError"),
        (HAMMER + "\nraise RuntimeError('half way')\n", "RuntimeError: half way"),
        ("raise SystemExit(0)\n", "line 1: SystemExit"),
        ("x = 1\n\0", "null byte"),
        (
            HAMMER.replace("tests.search_spaces.tool_kinds import Tool", "search_spaces.attacks import GMI")
            .replace("(Tool)", "(GMI)")
            .replace("hammer", "gmi"),
            "attack 'gmi' .* exists already in search_spaces.attacks.gmi; choose another kind",
        ),
        ("x = 1\n", "registers no kind; decorate a settings class with @register"),
        (HAMMER.replace('Literal["hammer"] = "hammer"', "str"), "give it a kind"),
        (HAMMER.replace("class Hammer(Tool)", "class Hammer(object)"), "TypeError"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_reason_and_leaves_nothing(
    tmp_path: Path, text: str, reason: str
) -> None:
    before = [registry.kinds for registry in REGISTRIES]
    with pytest.raises(InvalidPlugin, match=reason) as caught:
        load_plugin(write(tmp_path, text))
    assert "hammer.py" in str(caught.value)
    assert [registry.kinds for registry in REGISTRIES] == before
    assert loaded_sources() == ()


def test_two_files_cannot_have_one_kind(tmp_path: Path) -> None:
    load_plugin(write(tmp_path, HAMMER))
    with pytest.raises(InvalidPlugin, match="exists already"):
        load_plugin(write(tmp_path, HAMMER + "#", "other.py"))
    assert "hammer" in TOOLS


def test_what_is_no_python_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPlugin, match=r"ends in \.py"):
        load_plugin(tmp_path / "plugin.yaml")
    with pytest.raises(InvalidPlugin, match="cannot be read"):
        load_plugin(tmp_path / "absent.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(InvalidPlugin, match=r"cannot be read \(Is a directory\)"):
        load_plugin(tmp_path / "folder.py")
    with pytest.raises(InvalidPlugin, match=r"one Python file; give a path that ends in \.py"):
        load_plugin(tmp_path)
    (tmp_path / "latin.py").write_bytes(b"# \xe9\xff\n")
    with pytest.raises(InvalidPlugin, match="UTF-8"):
        load_plugin(tmp_path / "latin.py")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package that offers ``hammer`` as an entry point, and one that fails when imported."""
    write(tmp_path, HAMMER, "hammer_package.py")
    write(tmp_path, "raise RuntimeError('imported unasked')\n", "bad_package.py")
    info = tmp_path / "hammer_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hammer-package\nVersion: 1.0\n")
    points = "hammer = hammer_package:Hammer\nbad = bad_package\n"
    (info / "entry_points.txt").write_text(f"[tldmi_sweep_test.tools]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "hammer_package.py"
    if "hammer" in TOOLS:
        TOOLS.remove("hammer")
    sys.modules.pop("hammer_package", None)


def test_an_installed_package_is_imported_when_its_kind_is_named(package: Path) -> None:
    assert {point.name for point in TOOLS.offered} == {"hammer", "bad"}
    assert "hammer_package" not in sys.modules
    hammer = TOOLS.validate({"kind": "hammer"})
    assert hammer.model_dump()["plugin"] == PluginSource("", package.read_text()).hash
    assert [point.name for point in TOOLS.offered] == ["bad"]
    with pytest.raises(ValidationError):
        TOOLS.validate({"kind": "saw"})


def test_an_installed_package_that_fails_is_named(package: Path) -> None:
    with pytest.raises(ValueError, match="'bad' of bad_package cannot be imported: RuntimeError: imported"):
        TOOLS.validate({"kind": "bad"})


def test_a_plugin_is_a_value(tmp_path: Path) -> None:
    plugin = load_plugin(write(tmp_path, HAMMER))
    assert isinstance(plugin, Plugin)
    assert Path(plugin.source.path).is_absolute()


def test_a_space_names_its_plugins_beside_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = yaml.safe_load(shipped_text("spaces", "bido_vs_tldmi"))
    (tmp_path / "inner").mkdir()
    write(tmp_path, HAMMER)
    space = tmp_path / "inner" / "mine.yaml"
    space.write_text(yaml.safe_dump({**shipped, "plugins": ["../hammer.py"]}))
    monkeypatch.chdir("/")
    loaded = load_space(str(space))
    assert "hammer" in TOOLS
    assert [Path(path).resolve() for path in loaded.plugins] == [(tmp_path / "hammer.py").resolve()]
    assert load_space("bido_vs_tldmi").plugins == ()


def test_a_plugin_that_is_not_used_changes_no_sweep(tmp_path: Path) -> None:
    space, setup = load_space("bido_vs_tldmi"), load_setup("orl_faces")
    named = space.model_copy(update={"plugins": ("/somewhere/hammer.py",)})
    assert Sweep(space=named, setup=setup).sweep_id == Sweep(space=space, setup=setup).sweep_id


@pytest.mark.parametrize("plugins", ["hammer.py", [1], {"a": 1}])
def test_plugins_are_a_list_of_paths(tmp_path: Path, plugins: object) -> None:
    shipped = yaml.safe_load(shipped_text("spaces", "bido_vs_tldmi"))
    space = tmp_path / "mine.yaml"
    space.write_text(yaml.safe_dump({**shipped, "plugins": plugins}))
    with pytest.raises(InvalidSpace, match="plugins"):
        load_space(str(space))
