"""A plugin that defines settings without what does the work is refused before work starts."""

from pathlib import Path

import pytest

from orchestrator.checks.checks import check_plugins, check_sweep
from orchestrator.errors import InvalidRequest
from orchestrator.skeletons import NOUNS, write_skeleton
from search_spaces import Sweep, load_setup, load_space
from search_spaces.plugins import load_plugin, unload_plugin


@pytest.mark.parametrize("noun", NOUNS)
def test_settings_that_nothing_implements_are_refused(noun: str, tmp_path: Path) -> None:
    code, _ = write_skeleton(noun, "mine", tmp_path)
    whole = load_plugin(code)
    check_plugins()
    code.write_text(code.read_text().replace("@implements(Mine)\n", ""))
    halved = load_plugin(code)
    assert halved.source != whole.source
    try:
        with pytest.raises(InvalidRequest, match=r"mine\.py: .*decorate its .* with @implements\(Mine\)"):
            check_sweep(Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("orl_faces")))
    finally:
        unload_plugin(halved)
