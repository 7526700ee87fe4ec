"""Spaces and setups from YAML: shipped files are valid, bad files say everything that is wrong at once."""

from pathlib import Path

import pytest

from search_spaces import InvalidSpace, load_setup, load_space, setup_names, space_names
from search_spaces.attacks import ATTACKS
from search_spaces.datasets import ImageFolder
from search_spaces.setups import with_budget
from search_spaces.sweep import Sweep


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


MINIMAL = "name: mine\ndescription: d\ndefenses: [{kind: no_def}]\nattacks: [{kind: gmi}]\n"


@pytest.mark.parametrize("name", space_names())
def test_shipped_spaces_are_valid_and_carry_their_file_name(name: str) -> None:
    space = load_space(name)
    assert space.name == name
    assert space.setup in setup_names()


@pytest.mark.parametrize("name", setup_names())
def test_shipped_setups_are_valid_and_their_budgets_apply(name: str) -> None:
    setup = load_setup(name)
    assert setup.name == name
    for kind, budget in setup.attack_budgets.items():
        attack = with_budget(ATTACKS.validate({"kind": kind}), setup)
        written = budget.model_fields_set
        assert attack.model_dump(include=written) == budget.model_dump(include=written)


def test_values_of_the_space_win_over_the_budget_of_the_setup(tmp_path: Path) -> None:
    text = MINIMAL.replace("{kind: gmi}", "{kind: gmi, iterations: 7}")
    space = load_space(write(tmp_path, text))
    sweep = Sweep(space=space, setup=load_setup("orl_faces"))
    (attack,) = (config.attack for config in sweep.trial(load_no_def(), 0).attacks)
    assert attack.iterations == 7
    assert attack.restarts == load_setup("orl_faces").attack_budgets["gmi"].restarts


def load_no_def():
    from search_spaces.defenses import Defense

    return Defense()


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(InvalidSpace, match="Did you mean 'bido_vs_tldmi'"):
        load_space("bido_vs_tldim")


def test_all_errors_are_listed_with_their_paths(tmp_path: Path) -> None:
    text = """
name: Bad Name
defenses:
  - {kind: no_def}
  - {kind: bido_hsic, lambda_x: {log_uniform: [0.2, 0.01]}}
  - {kind: magic}
attacks: [{kind: gmi, iterations: -3, lr: 1}]
search: {trials: 0}
"""
    with pytest.raises(InvalidSpace) as caught:
        load_space(write(tmp_path, text))
    message = str(caught.value)
    for part in (
        "name",
        "description",
        "defenses.1.bido_hsic.lambda_x",
        "defenses.2",
        "attacks.0.gmi.iterations",
        "attacks.0.gmi.lr",
        "search.trials",
    ):
        assert part in message, part


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: [unclosed", "malformed YAML"),
        ("- a\n- b\n", "expected a mapping"),
        ("", "expected a mapping"),
        (MINIMAL + "name: twice\n", "written twice"),
        ("x: !!python/object/apply:os.system ['true']\n", "malformed YAML"),
        (MINIMAL.replace("[{kind: no_def}]", "[{kind: no_def}, {kind: no_def}]"), "repeated: no_def"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InvalidSpace, match=reason):
        load_space(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSpace, match=r"absent\.yaml: cannot be read: No such file or directory$"):
        load_space(str(tmp_path / "absent.yaml"))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.yaml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InvalidSpace, match=r"picture\.yaml: cannot be read: it is not text"):
        load_space(str(tmp_path / "picture.yaml"))


def test_image_folder_takes_both_folders() -> None:
    data = load_setup("image_folder=/data/private,/data/public").data
    assert isinstance(data, ImageFolder)
    assert (data.private.path, data.public.path) == (Path("/data/private"), Path("/data/public"))


@pytest.mark.parametrize("bad", ["image_folder=", "image_folder=/only", "image_folder=,/public"])
def test_image_folder_without_both_folders_is_refused(bad: str) -> None:
    with pytest.raises(InvalidSpace, match="PRIVATE,PUBLIC"):
        load_setup(bad)


def test_more_trials_or_confirmation_continue_the_same_sweep() -> None:
    space, setup = load_space("bido_vs_tldmi"), load_setup("orl_faces")
    more = space.model_copy(
        update={
            "search": space.search.model_copy(update={"trials": 99}),
            "confirmation": space.confirmation.model_copy(update={"further_seeds": 5}),
        }
    )
    other = space.model_copy(update={"seed": 1})
    identities = [Sweep(space=each, setup=setup).sweep_id for each in (space, more, other)]
    assert identities[0] == identities[1] != identities[2]
