"""Kinds by name: an open union with the errors of a closed one, and settings that keep their identity."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, ValidationError

from search_spaces.canonical import identity
from search_spaces.registry import KindSettings, OneOf, Registry
from search_spaces.settings import Settings


class Shape(KindSettings):
    """Any shape."""


SHAPES: Registry[Shape] = Registry("shape", Shape)


@SHAPES.register
class Circle(Shape):
    """A circle."""

    kind: Literal["circle"] = "circle"
    radius: Annotated[float, Field(gt=0)] = 1.0


class Drawing(Settings):
    """Holds shapes of any registered kind."""

    shapes: tuple[Annotated[Shape, OneOf(SHAPES)], ...]


@pytest.fixture
def square() -> Iterator[type[Shape]]:
    """A kind that is registered after ``Drawing`` was defined, as a plugin's."""

    @SHAPES.register
    class Square(Shape):
        """A square."""

        kind: Literal["square"] = "square"
        side: float = 2.0

    yield Square
    SHAPES.remove("square")


def places(value: object) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate(value)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_a_kind_registered_later_is_read_and_written(square: type[Shape]) -> None:
    drawing = Drawing.model_validate({"shapes": [{"kind": "square", "side": 3}, {"kind": "circle"}]})
    assert isinstance(drawing.shapes[0], square)
    dumped = drawing.model_dump(mode="json")
    assert dumped == {"shapes": [{"kind": "square", "side": 3.0}, {"kind": "circle", "radius": 1.0}]}
    assert Drawing.model_validate(dumped) == drawing
    assert len(Drawing.model_json_schema()["properties"]["shapes"]["items"]["oneOf"]) == 2


def test_what_was_given_is_dumped_alone_when_asked() -> None:
    drawing = Drawing.model_validate({"shapes": [{"kind": "circle"}]})
    assert drawing.model_dump(exclude_unset=True) == {"shapes": ({"kind": "circle"},)}


def test_errors_name_the_place_of_a_closed_union() -> None:
    assert places({"shapes": [{"kind": "circle", "radius": -1, "colour": 2}]}) == [
        ("greater_than", ("shapes", 0, "circle", "radius")),
        ("extra_forbidden", ("shapes", 0, "circle", "colour")),
    ]
    assert places({"shapes": [{"kind": "square"}]}) == [("union_tag_invalid", ("shapes", 0))]
    assert places({"shapes": [{"radius": 1}]}) == [("union_tag_not_found", ("shapes", 0))]
    assert places({"shapes": ["circle"]})[0][1] == ("shapes", 0)


def test_a_kind_is_one_class() -> None:
    class Other(Shape):
        """Of the same kind."""

        kind: Literal["circle"] = "circle"

    with pytest.raises(ValueError, match="exists already"):
        SHAPES.register(Other)


class Grown(Settings):
    """Settings that got a field after their release."""

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"added"})
    first: int = 1
    added: tuple[int, ...] = ()


class Released(Settings):
    """The same settings before."""

    first: int = 1


def test_an_added_field_changes_no_identity_while_it_has_its_default() -> None:
    assert identity(Grown(first=2)) == identity(Released(first=2))
    assert identity(Grown(added=(1,))) != identity(Released())


def test_the_file_of_a_plugin_is_part_of_what_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = identity(Circle())
    monkeypatch.setattr(Circle, "plugin_hash", "ab12")
    dumped = Drawing(shapes=(Circle(),)).model_dump(mode="json")
    assert identity(Circle()) != built_in
    assert dumped["shapes"][0]["plugin"] == "ab12"
    assert Drawing.model_validate(dumped).shapes == (Circle(),)
    monkeypatch.setattr(Circle, "plugin_hash", "cd34")
    with pytest.raises(ValidationError, match="the plugin has changed"):
        Drawing.model_validate(dumped)
