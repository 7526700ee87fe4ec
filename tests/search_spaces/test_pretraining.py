"""Settings of a pre-training: one piece for all targets of a sweep, whatever their defence and recipe."""

import pytest
from pydantic import ValidationError

from search_spaces import Sweep, TargetConfig, load_setup, load_space
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.pretraining import Pretraining
from search_spaces.targets import TargetSettings


def sweep(**changes: object) -> Sweep:
    """Return a sweep of drawn persons whose T starts from a pre-training."""
    setup = load_setup("drawn_persons")
    given = {
        "pretrained": {"name": "toons", "data": {"kind": "drawn_persons", "style": "toon-head"}, **changes}
    }
    own = {name: getattr(setup.target, name) for name in setup.target.model_fields_set}
    target = TargetSettings.model_validate({**own, **given})
    return Sweep(space=load_space("bido_vs_tldmi"), setup=setup.model_copy(update={"target": target}))


def test_every_defence_and_seed_shares_one_piece() -> None:
    own = sweep()
    trials = [
        own.trial(Defense(), 0),
        own.trial(Defense.of(BiDOHSIC(lambda_x=0.1, lambda_y=0.5)), 1),
        own.trial(Defense(), 0, "untrained"),
    ]
    kinds = [[piece.kind for piece in trial.shared_pieces().values()] for trial in trials]
    assert all(found.count("pretraining") == 1 for found in kinds)
    assert len({trial.target.pretraining for trial in trials}) == 1


def test_values_that_are_not_given_are_those_of_t() -> None:
    plain, longer = (sweep(**given).trial(Defense(), 0).target for given in ({}, {"epochs": 3}))
    assert plain.pretraining is not None
    assert longer.pretraining is not None
    assert plain.pretraining.target.epochs == plain.target.epochs
    assert longer.pretraining.target.epochs == 3
    assert longer.pretraining.target.learning_rate == plain.target.learning_rate
    assert longer.pretraining.target.pretrained is None
    assert plain.pretraining.piece_id != longer.pretraining.piece_id


def test_a_named_recipe_takes_the_place_of_the_values_of_t() -> None:
    found = sweep(recipe="kedmi_vgg16", batch_size=8).trial(Defense(), 0).target.pretraining
    assert found is not None
    assert (found.target.epochs, found.target.optimizer, found.target.batch_size) == (50, "sgd", 8)


def test_without_data_the_public_classes_of_the_sweep_are_learnt() -> None:
    own = sweep(data=None)
    found = own.trial(Defense(), 0).target.pretraining
    assert found is not None
    assert (found.data, found.side) == (own.setup.data, "public")


def test_a_trial_is_read_back_as_it_was() -> None:
    config = sweep().trial(Defense(), 0).target
    assert TargetConfig.model_validate(config.model_dump(mode="json")) == config


def test_a_t_without_one_has_the_identity_that_it_had_before() -> None:
    plain = Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("drawn_persons")).trial(Defense(), 0)
    assert "pretraining" not in plain.target.model_dump(mode="json")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epochs": 0}, "epochs"),
        ({"recipe": "unheard_of"}, "unheard_of"),
        ({"name": "a/b"}, "name"),
        ({"data": {"kind": "photographs"}}, "photographs"),
        ({"depth": 3}, "depth"),
    ],
)
def test_values_that_cannot_be_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sweep(**given)


def test_the_piece_and_the_settings_belong_together() -> None:
    config = sweep().trial(Defense(), 0).target
    with pytest.raises(ValidationError, match="pretraining"):
        TargetConfig.model_validate({**config.model_dump(), "pretraining": None})
    assert isinstance(config.target.pretrained, Pretraining)
