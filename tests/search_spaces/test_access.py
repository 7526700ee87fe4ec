"""Which attacks a target can suffer that answers labels, or class probabilities, alone."""

from pathlib import Path

import pytest

from search_spaces import InvalidSpace, load_space
from search_spaces.attacks import ATTACKS, GMI, beyond_access
from search_spaces.attacks.attack import Access
from search_spaces.loading import shipped_text


class SoftLabelAttack(GMI):
    """An attack that needs class probabilities."""

    access = "soft_labels"


@pytest.mark.parametrize(
    ("access", "refused"),
    [("white_box", []), ("soft_labels", ["gmi"]), ("labels", ["gmi", "soft"])],
)
def test_an_attack_that_needs_more_is_beyond(access: Access, refused: list[str]) -> None:
    soft = SoftLabelAttack().model_copy(update={"kind": "soft"})
    brepmi = ATTACKS.validate({"kind": "brepmi"})
    assert beyond_access([GMI(), brepmi, soft], access) == refused


def test_a_space_of_labels_refuses_attacks_that_need_gradients(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    text = shipped_text("spaces", "bido_vs_tldmi") + "access: labels\n"
    space.write_text(text)
    with pytest.raises(InvalidSpace, match="gmi need more of T than access labels gives"):
        load_space(str(space))
    space.write_text(text.replace("  - kind: gmi\n", ""))
    assert load_space(str(space)).access == "labels"


def test_the_old_spelling_says_the_new_one(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text(shipped_text("spaces", "bido_vs_tldmi") + "access: label_only\n")
    with pytest.raises(InvalidSpace, match="access: label_only is now written labels"):
        load_space(str(space))
