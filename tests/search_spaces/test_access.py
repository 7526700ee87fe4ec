"""Which attacks a target that answers labels alone can suffer."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter

from search_spaces import InvalidSpace, load_space
from search_spaces.attacks import LABEL_ONLY_KINDS, AttackSettings, beyond_access
from search_spaces.loading import shipped_text


def test_only_label_only_attacks_remain_where_labels_are_all_there_is() -> None:
    kinds = [member.model_fields["kind"].default for member in get_args(get_args(AttackSettings)[0])]
    attacks = [TypeAdapter(AttackSettings).validate_python({"kind": kind}) for kind in kinds]
    assert set(kinds) > LABEL_ONLY_KINDS
    assert set(beyond_access(attacks, "label_only")) == set(kinds) - LABEL_ONLY_KINDS
    assert beyond_access(attacks, "white_box") == []


def test_a_label_only_space_refuses_attacks_that_need_gradients(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    text = shipped_text("spaces", "bido_vs_tldmi") + "access: label_only\n"
    space.write_text(text)
    with pytest.raises(InvalidSpace, match="gmi need gradients of T, but access is label_only"):
        load_space(str(space))
    space.write_text(text.replace("  - kind: gmi\n", ""))
    assert load_space(str(space)).access == "label_only"
