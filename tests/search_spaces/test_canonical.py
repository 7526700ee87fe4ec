"""Canonical JSON, identities and seed streams."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces import Setup, canonical_json, identity, load_setup, load_space, seed_stream
from search_spaces.attacks import BREPMI, GMI, KEDMI, LOMMAGMI, LOMMAKEDMI, VMI
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.files import PinnedFile, PinnedFolder, replace_pinned
from search_spaces.space import PerTarget, SearchSettings
from search_spaces.sweep import Sweep

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
mappings = st.dictionaries(st.text(max_size=6), plain_values, max_size=5)


def sweep() -> Sweep:
    return Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("drawn_persons"))


@given(mappings)
def test_canonical_json_survives_a_round_trip(value: dict[str, object]) -> None:
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@given(mappings)
def test_identity_does_not_depend_on_key_order(value: dict[str, object]) -> None:
    assert identity(dict(reversed(value.items()))) == identity(value)


@given(mappings, mappings)
def test_different_configurations_have_different_identities(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert (identity(one) == identity(other)) == (canonical_json(one) == canonical_json(other))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_without_canonical_form_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": bad})


def test_identity_is_a_fixed_function() -> None:
    """Golden: the SHA-256 of the text '{"seed":0}' computed elsewhere. A change here orphans every store."""
    assert identity({"seed": 0}) == "bd0488843468e63c"


def test_identity_is_the_same_in_another_process() -> None:
    program = (
        "from search_spaces import *\n"
        "from search_spaces.defenses import Defense\n"
        "s = Sweep(space=load_space('bido_vs_tldmi'), setup=load_setup('drawn_persons'))\n"
        "print(s.sweep_id, s.trial(Defense(), 3).trial_id)"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7"},
        cwd=".",
    ).stdout.split()
    assert output == [sweep().sweep_id, sweep().trial(Defense(), 3).trial_id]


def test_the_seed_and_every_parameter_change_the_target() -> None:
    configurations = [
        (Defense(), 0),
        (Defense(), 1),
        (Defense.of(TLDMI(freeze_depth=1)), 0),
        (Defense.of(TLDMI(freeze_depth=2)), 0),
        (Defense.of(TLDMI(freeze_depth=2, frozen_bn="eval")), 0),
        (Defense.of(BiDOHSIC(lambda_x=0.1)), 0),
        (Defense.of(BiDOHSIC(lambda_y=0.1)), 0),
    ]
    identities = {sweep().trial(defense, seed).target.piece_id for defense, seed in configurations}
    assert len(identities) == len(configurations)


@given(st.integers(0, 2**40), st.lists(st.text(max_size=5) | st.integers(0, 99), max_size=3))
def test_seed_streams_fit_torch_and_repeat(seed: int, names: list[str | int]) -> None:
    stream = seed_stream(seed, *names)
    assert 0 <= stream < 2**63
    assert stream == seed_stream(seed, *names)
    assert stream != seed_stream(seed + 1, *names)


def test_seed_streams_are_a_fixed_function() -> None:
    """Golden: half of the first 8 bytes of the SHA-256 of '[0,"latents",3]', computed elsewhere."""
    assert seed_stream(0, "latents", 3) == 0x71B0C8FC6B3570A6 // 2


def test_identities_of_shipped_settings_are_fixed() -> None:
    """Golden: a default that changes by accident would orphan the stores of everybody who relies on it."""
    sweep = Sweep(space=load_space("bido_vs_tldmi"), setup=load_setup("orl_faces"))
    trial = sweep.trial(Defense(), 0)
    attack = trial.attacks[0]
    assert sweep.sweep_id == "7f4e261fc79e0707"
    assert trial.trial_id == "753101a787968e21"
    assert (trial.target.piece_id, trial.target.config_id) == ("b6d293cc5255fc61", "2613f6ce9cd8a526")
    assert attack.piece_id == "057f235f21901708"
    assert attack.prior_config.piece_id == "fe87273a86d78695"
    assert [one.piece_id for one in attack.evaluator_configs] == ["bd9fdda93b180119", "844349ed5f5001f0"]


def test_seed_stream_names_do_not_run_together() -> None:
    assert seed_stream(0, "ab", "c") != seed_stream(0, "a", "bc")
    assert seed_stream(0, 1, 2) != seed_stream(0, 12)


def test_options_of_the_engine_leave_identities_alone_until_they_are_used() -> None:
    """Rows made without them must be found again."""
    for settings in (GMI(), BREPMI(), KEDMI(), LOMMAGMI(), LOMMAKEDMI(), VMI()):
        plain = settings.model_dump(mode="json")
        assert {"mixed_precision", "compile", "direct_convolution", "micro_batch"}.isdisjoint(plain)
        assert type(settings).model_validate(plain) == settings
        low = settings.model_copy(update={"mixed_precision": True})
        assert identity(low) != identity(settings)
        assert type(settings).model_validate(low.model_dump(mode="json")) == low
    assert identity(GMI()) == "a28642e72a5ebb94"


def placed(folder: str, content: str | None, weights: str | None) -> Setup:
    """Return a setup whose pictures and weights lie in ``folder``."""
    setup = load_setup(f"image_folder={folder}/private,{folder}/public")
    return setup.model_copy(
        update={
            "data": setup.data.model_copy(
                update={
                    side: PinnedFolder(path=Path(folder, side), sha256=content)
                    for side in ("private", "public")
                }
            ),
            "target": setup.target.model_copy(
                update={"pretrained": PinnedFile(path=Path(folder, "t.safetensors"), sha256=weights)}
            ),
        }
    )


def identities(setup: Setup) -> list[str]:
    """Return every identity that a sweep of this setup has."""
    sweep = Sweep(space=load_space("bido_vs_tldmi"), setup=setup)
    trial = sweep.trial(Defense(), 0)
    attack = trial.attacks[0]
    return [
        sweep.sweep_id,
        trial.trial_id,
        trial.target.piece_id,
        trial.target.config_id,
        attack.piece_id,
        attack.prior_config.piece_id,
        *(config.piece_id for config in attack.evaluator_configs),
    ]


def test_moving_pinned_pictures_and_weights_changes_no_identity() -> None:
    here, there = (identities(placed(folder, "ab" * 32, "cd" * 32)) for folder in ("/here", "/there"))
    assert here == there
    assert not set(here) & set(identities(placed("/here", "ef" * 32, "cd" * 32)))
    changed_weights = identities(placed("/here", "ab" * 32, "ef" * 32))
    assert changed_weights[:5] != here[:5]
    assert changed_weights[5:] == here[5:]


def test_moving_listed_weights_changes_no_identity_once_they_are_pinned() -> None:
    def listed(source: str, sha256: str | None) -> str:
        space = load_space("bido_vs_tldmi")
        weights = PerTarget(pretrained=(PinnedFile(path=Path(source), sha256=sha256),))
        own = space.model_copy(
            update={"per_target": {"face_resnet": weights}, "search": SearchSettings(sampler="grid")}
        )
        return Sweep(space=own, setup=load_setup("orl_faces")).sweep_id

    assert listed("/here/t.safetensors", "ab" * 32) == listed("/there/t.safetensors", "ab" * 32)
    assert listed("/here/t.safetensors", "ab" * 32) != listed("/here/t.safetensors", "cd" * 32)
    assert listed("/here/t.safetensors", None) != listed("/there/t.safetensors", None)


def test_moving_downloaded_sets_changes_no_identity() -> None:
    def moved(root: str) -> Setup:
        setup = load_setup(f"facescrub={root}/a,ffhq={root}/b")
        pinned = replace_pinned(setup.data, lambda folder, _: folder.with_hash("ab" * 32))
        return setup.model_copy(update={"data": pinned})

    assert identities(moved("/here")) == identities(moved("/there"))


def test_without_a_hash_the_place_is_all_that_is_known() -> None:
    assert identities(placed("/here", None, None))[0] != identities(placed("/there", None, None))[0]
