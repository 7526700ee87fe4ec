"""Errors of settings name the line, what is allowed and the nearest name."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import ValidationError

from search_spaces import InvalidSpace, Setup, Space, load_setup, load_space
from search_spaces.allowed import allowed_at
from search_spaces.attacks import GMI
from search_spaces.registry import KindSettings, OneOf, Registry
from search_spaces.setting_errors import SettingError, setting_errors
from search_spaces.settings import Settings

BAD = """\
name: mine
description: d
setup: orl_face
defenses:
  - &hsic {kind: no_def}
  - kind: bido_hsic
    lambda_x:
      log_uniform: [0.2, 0.01]
    lambda_y_ratio: {unifrom: [1, 2]}
  - <<: *hsic
    kind: tl_dim
  - freeze_depth: all
  - kind: tl_dmi
    freeze_depth: 3
    depth: 4
attacks:
  - kind: gmi
    iterations: -3
    learning_rte: 0.1
search:
  sampler: tpee
seeed: 3
"""


@pytest.fixture
def errors(tmp_path: Path) -> dict[str, tuple[int | None, str]]:
    """Path -> line and message of each error of ``BAD``."""
    (tmp_path / "mine.yaml").write_text(BAD)
    with pytest.raises(InvalidSpace) as caught:
        load_space(str(tmp_path / "mine.yaml"))
    return {one.where: (one.line, one.message) for one in caught.value.errors}


@pytest.mark.parametrize(
    ("where", "written", "said"),
    [
        ("setup", "setup: orl_face", "Did you mean 'orl_faces'?"),
        ("defenses.1.bido_hsic.lambda_x.log_uniform", "log_uniform: [0.2", "the lower bound 0.2 is above"),
        ("defenses.1.bido_hsic.lambda_y_ratio", "lambda_y_ratio", " Did you mean 'uniform'?"),
        ("defenses.2", "<<: *hsic", "Did you mean 'tl_dmi'?"),
        ("defenses.3", "- freeze_depth: all", "kind is missing; there are no_def, "),
        ("defenses.4.tl_dmi.freeze_depth", "freeze_depth: 3", "one of all, {integers: [LOW, HIGH]}"),
        ("defenses.4.tl_dmi.depth", "depth: 4", "there are kind, freeze_depth, frozen_bn."),
        ("attacks.0.gmi.iterations", "iterations: -3", "greater than or equal to 1 (found -3)"),
        ("attacks.0.gmi.learning_rte", "learning_rte", "Did you mean 'learning_rate'?"),
        ("search.sampler", "sampler: tpee", "'tpe', 'random', 'nsga2' or 'grid' (found 'tpee')"),
        ("seeed", "seeed: 3", "Did you mean 'seed'?"),
    ],
)  # fmt: skip
def test_each_error_has_its_line_and_says_what_is_allowed(
    errors: dict[str, tuple[int | None, str]], where: str, written: str, said: str
) -> None:
    line, message = errors[where]
    assert written in BAD.splitlines()[(line or 0) - 1]
    assert said in message


def test_errors_come_in_the_order_of_the_file(errors: dict[str, tuple[int | None, str]]) -> None:
    lines = [line for line, _ in errors.values()]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(lines) == 11


def test_the_message_counts_and_lists_them_all(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(BAD)
    with pytest.raises(InvalidSpace, match="11 errors") as caught:
        load_space(str(tmp_path / "mine.yaml"))
    assert len(re.findall(r"^  line \d+: ", str(caught.value), re.MULTILINE)) == 11


def test_something_missing_is_on_the_line_of_its_group(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ndescription: d\ndefenses:\n  - kind: no_def\nattacks: [{kind: gmi}]\n"
        "anchors:\n  - kind: no_def\n  - kind: tl_dmi\n"
    )
    with pytest.raises(InvalidSpace) as caught:
        load_space(str(tmp_path / "mine.yaml"))
    (error,) = caught.value.errors
    assert (error.line, error.where) == (8, "anchors.1.tl_dmi.freeze_depth")
    assert error.message == "is missing"


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("defenses.1.kind", 5),
        ("defenses.2.kind", 3),  # past the end of the list
        ("attacks.0.gmi.iterations", 1),  # merged in from the first line
        ("attacks.0.gmi.seed", 8),
        ("nowhere", 1),
    ],
)
def test_an_error_is_on_the_innermost_line_that_the_file_has(where: str, line: int) -> None:
    text = (
        "budget: &short {iterations: 3}\n"
        "name: mine\n"
        "defenses:\n"
        "  - kind: no_def\n"
        "  - kind: mid\n"
        "attacks:\n"
        "  - <<: *short\n"
        "    seed: 4\n"
    )
    (found,) = InvalidSpace("mine.yaml: 1 error", [SettingError(where, "is wrong")]).with_lines(text).errors
    assert (found.line, found.where, found.message) == (line, where, "is wrong")


def test_an_empty_file_has_no_lines() -> None:
    (found,) = InvalidSpace("mine.yaml: 1 error", [SettingError("name", "is missing")]).with_lines("").errors
    assert found.line is None


@pytest.mark.parametrize(
    ("model", "location", "expected"),
    [
        (Space, ("confirmation",), {"further_seeds", "at_most", "of"}),
        (Space, ("attacks", 0, "gmi"), set(GMI.model_fields)),
        (Space, ("defenses", 3, "mid", "lambda_mid"), {"log_uniform", "uniform", "choice"}),
        (Space, ("per_target", "vgg16"), {"anchors", "pretrained", "recipes"}),
        (Space, ("per_target", "vgg16", "anchors", 0, "mid"), {"kind", "lambda_mid", "prediction"}),
        (Setup, ("target", "utility_floor"), {"acc", "epochs"}),
        (Setup, ("data", "downloaded", "private", "facescrub"), {"kind", "root"}),
        (Space, ("seed",), set()),
        (Space, ("nowhere", 3), set()),
    ],
)
def test_allowed_names_are_those_of_the_settings(
    model: type, location: tuple[int | str, ...], expected: set[str]
) -> None:
    assert set(allowed_at(model, location)) == expected


class Instrument(KindSettings):
    """Any instrument."""


INSTRUMENTS: Registry[Instrument] = Registry("instrument", Instrument)


@INSTRUMENTS.register
class Flute(Instrument):
    """A flute."""

    kind: Literal["flute"] = "flute"
    weight: float = 1.0


class Orchestra(Settings):
    """Holds settings of any registered kind, in every place that a field can have."""

    best: Annotated[Instrument, OneOf(INSTRUMENTS)]
    spare: Annotated[Instrument, OneOf(INSTRUMENTS)] | None = None
    all: tuple[Annotated[Instrument, OneOf(INSTRUMENTS)], ...] = ()


@pytest.mark.parametrize("place", [("best",), ("spare",), ("all", 0)])
def test_allowed_names_are_seen_through_a_registry(place: tuple[int | str, ...]) -> None:
    assert allowed_at(Orchestra, place) == ("flute",)
    assert allowed_at(Orchestra, (*place, "flute")) == ("kind", "weight")


def test_an_error_about_a_registered_kind_says_what_it_has() -> None:
    with pytest.raises(ValidationError) as caught:
        Orchestra.model_validate({"best": {"kind": "flute", "wieght": 2}})
    (error,) = setting_errors(caught.value, Orchestra)
    assert error.where == "best.flute.wieght"
    assert error.message == "no such setting; there are kind, weight. Did you mean 'weight'?"


@pytest.mark.parametrize(
    ("old", "where"),
    [
        ({"target": {"pretrained": "a.safetensors", "pretrained_sha256": "ab" * 32}}, "target.pretrained"),
        ({"image_quality": {"inception_sha256": "ab" * 32}}, "image_quality.inception"),
    ],
)
def test_a_hash_beside_its_file_is_refused_with_the_way_to_write_it(old: dict[str, Any], where: str) -> None:
    plain = load_setup("orl_faces").model_dump(exclude_unset=True)
    changed = {name: {**plain.get(name, {}), **values} for name, values in old.items()}
    with pytest.raises(ValidationError) as caught:
        Setup.model_validate({**plain, **changed})
    (error,) = setting_errors(caught.value, Setup)
    name = where.partition(".")[2]
    assert error.where == f"{where}_sha256"
    assert error.message == f"the hash stands with its file: write {name}: {{path: FILE, sha256: HASH}}"


def test_a_budget_under_the_name_of_another_attack_is_refused() -> None:
    plain = load_setup("orl_faces").model_dump(exclude_unset=True)
    with pytest.raises(ValidationError, match=r"attack_budgets\.gmi says kind vmi; write it under vmi"):
        Setup.model_validate({**plain, "attack_budgets": {"gmi": {"kind": "vmi"}}})
