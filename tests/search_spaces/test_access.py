"""Which attacks a target that answers labels alone can suffer."""

from typing import get_args

from pydantic import TypeAdapter

from search_spaces.attacks import LABEL_ONLY_KINDS, AttackSettings, beyond_access


def test_only_label_only_attacks_remain_where_labels_are_all_there_is() -> None:
    kinds = [member.model_fields["kind"].default for member in get_args(get_args(AttackSettings)[0])]
    attacks = [TypeAdapter(AttackSettings).validate_python({"kind": kind}) for kind in kinds]
    assert set(kinds) > LABEL_ONLY_KINDS
    assert set(beyond_access(attacks, "label_only")) == set(kinds) - LABEL_ONLY_KINDS
    assert beyond_access(attacks, "white_box") == []
