"""Drawn persons: the contract, identities that never meet, and attributes that the pictures show."""

from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from search_spaces.datasets import DrawnPersons
from tldmi_sweep.testing.dataset_contract import DatasetContract, fresh
from trainables.datasets import check_data, load_data
from trainables.datasets.drawing import Drawer
from trainables.datasets.drawn_identities import NotEnoughPersons, persons
from trainables.datasets.drawn_styles import MOVEMENTS, STYLES

SMALL = DrawnPersons(
    private_people=4,
    public_people=6,
    images_per_private_person=4,
    images_per_public_person=2,
    test_per_class=1,
    resolution=32,
)


@pytest.fixture(autouse=True, scope="module")
def empty_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Draw anew in each run, whatever an earlier version of the code left in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
        load_data.cache_clear()


class TestDrawnPersons(DatasetContract):
    @pytest.fixture(scope="class")
    @classmethod
    def data_settings(cls) -> DrawnPersons:
        return SMALL

    @pytest.fixture(scope="class")
    @classmethod
    def other_settings(cls, data_settings: DrawnPersons) -> DrawnPersons:
        return data_settings.model_copy(update={"seed": 1})


def test_drawing_again_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_data(SMALL).content_hash
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path))
    assert fresh(SMALL).content_hash == before


def test_drawn_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    load_data(SMALL)
    monkeypatch.delattr(Drawer, "picture")
    assert fresh(SMALL).content_hash == load_data(SMALL).content_hash


def test_another_split_uses_the_same_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    one = load_data(SMALL)
    monkeypatch.delattr(Drawer, "picture")
    two = fresh(SMALL.model_copy(update={"test_per_class": 2}))
    assert torch.equal(one.public.images, two.public.images)
    assert len(two.private_test) == 8


@pytest.mark.parametrize("style", STYLES)
def test_no_two_persons_share_all_attributes(style: str) -> None:
    people = persons(DrawnPersons(style=style, private_people=50, public_people=2000))
    traits = [*people.private.values(), *people.public.values()]
    assert len({tuple(trait.attributes.items()) for trait in traits}) == 2050
    assert len({repr(sorted(trait.options.items())) for trait in traits}) == 2050


def test_attributes_are_those_of_the_drawn_options() -> None:
    for trait in persons(SMALL).private.values():
        headwear = trait.attributes["hat_color"] != "none"
        assert (trait.attributes["hair_color"] == "covered") is headwear
        assert trait.options["topVariant"] == [trait.attributes["hair"]]
        assert (trait.options["accessoriesProbability"] == 0) is (trait.attributes["glasses"] == "none")


def test_every_attribute_value_is_about_as_frequent_as_it_should_be() -> None:
    people = persons(DrawnPersons(public_people=3000)).public.values()
    skins = [trait.attributes["skin"] for trait in people]
    counts = [skins.count(skin) for skin in set(skins)]
    assert len(counts) == 6
    assert 440 < min(counts) <= max(counts) < 560


def test_a_longer_list_of_public_persons_begins_with_the_shorter() -> None:
    more = SMALL.model_copy(update={"public_people": 9})
    assert list(persons(more).public.items())[:6] == list(persons(SMALL).public.items())


def test_every_style_of_the_settings_is_there() -> None:
    assert set(get_args(DrawnPersons.model_fields["style"].annotation)) == set(STYLES)


@pytest.mark.parametrize("style", STYLES)
def test_options_are_known_to_dicebear_and_nothing_is_left_to_its_own_seed(style: str) -> None:
    """DiceBear drops variants it does not know; a component that nobody sets would depend on no setting."""
    definition, own = Drawer(style).definition, STYLES[style]
    components = {name: set(value["variants"]) for name, value in definition["components"].items()}
    set_here = [trait.options for factor in own.factors for trait in factor] + [own.fixed]
    named: set[str] = set(own.nuisance_components)
    for options in set_here:
        for option, value in options.items():
            component = option.removesuffix("Variant").removesuffix("Probability")
            if option.endswith("Variant"):
                assert set(value) <= components[component], option
            if not option.endswith("Color"):
                named.add(component)
    assert named <= set(components)
    assert all(len(components[component]) == 1 for component in set(components) - named)
    for component, left_out in own.left_out.items():
        assert set(left_out) < components[component]


@pytest.mark.parametrize("style", STYLES)
def test_each_trait_changes_the_picture(style: str) -> None:
    drawer, factors = Drawer(style), STYLES[style].factors
    first = {option: value for factor in factors for option, value in factor[0].options.items()}
    for factor in factors:
        seen = [drawer.picture({**first, **trait.options}, 0, (0, 0), 48).astype(int) for trait in factor[:6]]
        for one, other in pairwise(seen):
            assert np.abs(one - other).max() > 25


def test_pictures_of_one_person_are_nearer_to_each_other_than_to_others() -> None:
    """The head, in the middle of the picture, tells persons apart; random groups would give 1/2."""
    heads = load_data(SMALL).private_train.images[:, :, 6:20, 9:23].float().unflatten(0, (4, 3))
    means = heads.mean(dim=1)
    within = float((heads - means[:, None]).square().mean())
    between = float((means - means.mean(dim=0)).square().mean())
    assert within > 0
    assert between > within


def test_movements_stay_in_their_bounds() -> None:
    drawer = Drawer("avataaars")
    for number in range(50):
        chosen = drawer._nuisance(0, (number, 0))
        for option, (low, high) in MOVEMENTS.items():
            assert low <= chosen[option] <= high


def test_too_many_persons_and_test_pictures_are_refused_at_once() -> None:
    settings = SMALL.model_copy(update={"style": "toon-head", "public_people": 5000, "test_per_class": 4})
    with pytest.raises(NotEnoughPersons, match=r"tells 2400 persons apart.*= 5004.*test_per_class = 4"):
        check_data(settings)
    with pytest.raises(NotEnoughPersons):
        load_data(settings)


def test_the_credit_names_maker_and_licence() -> None:
    assert "Pablo Stanley" in load_data(SMALL).credit
    assert "Free for personal and commercial use" in load_data(SMALL).credit
