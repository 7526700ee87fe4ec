"""Random erasing: the published settings, their bounds, and what spaces search."""

import pytest
from pydantic import ValidationError

from search_spaces.defenses import Defense, DefenseSpace
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.random_erasing import RandomErasing


def test_the_defaults_are_the_published_settings() -> None:
    assert RandomErasing().model_dump(exclude={"kind", "fill"}) == {
        "largest_area": 0.4,
        "smallest_area": 0.1,
        "erase_probability": 1.0,
    }
    assert RandomErasing().fill == pytest.approx([(1 + level) / 2 for level in (0.485, 0.456, 0.406)])


def test_a_space_searches_the_largest_area() -> None:
    ranges = DefenseSpace.of({"kind": "random_erasing"}).domains(6)
    assert {name: domain.model_dump() for name, domain in ranges.items()} == {
        "largest_area": {"uniform": (0.2, 0.8)}
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"largest_area": 0.05},
        {"largest_area": 1.0},
        {"smallest_area": 0.0},
        {"smallest_area": 0.5, "largest_area": 0.4},
        {"erase_probability": 0.0},
        {"erase_probability": 1.1},
        {"fill": (0.5, 0.5)},
        {"fill": (0.5, 0.5, 1.5)},
    ],
)
def test_other_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RandomErasing.model_validate(wrong)


def test_a_product_with_tl_dmi_is_written_flat_and_searched() -> None:
    flat = {"kind": "random_erasing+tl_dmi", "freeze_depth": 2, "largest_area": 0.8}
    defense = Defense.model_validate(flat)
    assert defense == Defense.of(TLDMI(freeze_depth=2), RandomErasing(largest_area=0.8))
    assert defense.kind == "tl_dmi+random_erasing"
    assert defense.name == "TL-DMI + Random erasing"
    ranges = DefenseSpace.of({"kind": "tl_dmi+random_erasing"})
    assert list(ranges.domains(6)) == ["freeze_depth", "largest_area"]
    assert ranges.values_of(defense, 6) == {"freeze_depth": 2, "largest_area": 0.8}
