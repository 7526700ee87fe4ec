"""Weights that settings name are found, hashed, and fitted to their network before work starts."""

import hashlib
from pathlib import Path

import pytest
import safetensors.torch

from orchestrator.checks.checks import check_sweep
from orchestrator.checks.pinning import pin_setup, pin_sweep
from orchestrator.checks.weight_files import HUBS, PACKAGED
from orchestrator.errors import InvalidRequest
from search_spaces import InvalidSpace, Setup, load_setup
from search_spaces.architectures import ARCHITECTURES
from search_spaces.defenses import Defense
from search_spaces.evaluation import TrainedClassifier
from search_spaces.files import PinnedFile
from search_spaces.targets import TargetSettings
from tests.orchestrator.small_sweeps import small_space
from trainables.models import PRETRAINED, build_target
from trainables.models.pretrained import hub_names

NONE = {"defenses": [{"kind": "no_def"}]}


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Weights of a small VGG in a file of the working folder."""
    monkeypatch.chdir(tmp_path)
    target = build_target(TargetSettings(architecture="small_vgg"), num_classes=3, resolution=64, seed=0)
    safetensors.torch.save_file(target.state_dict(), tmp_path / "mine.safetensors")
    return "mine.safetensors"


def setup_from(source, setup="drawn_persons"):
    base = load_setup(setup)
    plain = base.target.model_dump(exclude_unset=True)
    target = TargetSettings.model_validate({**plain, "pretrained": source})
    return base.model_copy(update={"target": target})


def check(setup, **changes):
    check_sweep(pin_sweep(small_space(**NONE, **changes), setup))


def test_a_file_is_pinned_by_absolute_path_and_hash(weights, tmp_path):
    sha256 = hashlib.sha256((tmp_path / weights).read_bytes()).hexdigest()
    assert pin_setup(setup_from(weights)).target.pretrained == PinnedFile(
        path=tmp_path / weights, sha256=sha256
    )


def test_a_changed_file_is_another_sweep(weights, tmp_path):
    def sweep_id():
        return pin_sweep(small_space(), setup_from(weights)).sweep_id

    before = sweep_id()
    assert sweep_id() == before
    with (tmp_path / weights).open("ab") as file:
        file.write(b" ")
    assert sweep_id() != before


def test_weights_of_the_same_network_pass_whatever_their_classes(weights):
    check(setup_from(weights))


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(ValueError, match=r"mine\.safetensors"):
        check(setup_from(weights, "orl_faces"))


def test_a_file_that_holds_no_weights_is_refused(weights, tmp_path):
    (tmp_path / weights).write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"mine\.safetensors"):
        check(setup_from(weights))


def test_another_file_than_the_one_meant_is_refused(weights):
    with pytest.raises(InvalidSpace, match=r"target\.pretrained: .* is not the expected file"):
        check(setup_from({"path": weights, "sha256": "0" * 64}))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("absent.safetensors", "there is no such file"),
        ("face_resent", "Did you mean 'face_resnet'"),
        ("torchvison:IMAGENET1K_V1", "torchvision:NAME"),
        ("face_resnet", "fits architecture face_resnet, not small_vgg"),
    ],
)
def test_what_cannot_be_loaded_is_refused_and_says_what_can(source: str, said: str) -> None:
    with pytest.raises((InvalidRequest, InvalidSpace), match=said):
        check(setup_from(source))


def test_weights_of_an_evaluator_that_nobody_knows_are_refused() -> None:
    setup = load_setup("orl_faces")
    judge = TrainedClassifier(architecture="facenet112", pretrained="torchvison:V1")
    with pytest.raises(InvalidRequest, match=r"evaluators\.1\.pretrained: unknown weights"):
        check(setup.model_copy(update={"evaluators": (setup.evaluators[0], judge)}))


@pytest.mark.parametrize(
    ("architecture", "source", "said"),
    [
        ("resnet18", "torchvision:IMAGENET1K_V7", "Did you mean 'IMAGENET1K_V1'"),
        ("resnest101", "timm:in1q", "there are in1k"),
        ("facenet64", "torchvision:IMAGENET1K_V1", "no weights for architecture facenet64"),
    ],
)
def test_weights_that_a_collection_does_not_have_are_refused_before_work_starts(
    architecture: str, source: str, said: str
) -> None:
    setup = setup_from(source)
    target = setup.target.model_copy(update={"architecture": architecture})
    with pytest.raises(ValueError, match=said):
        check(setup.model_copy(update={"target": target}))


def test_the_usual_weights_exist() -> None:
    for own in ARCHITECTURES:
        for source in own.usual_weights:
            hub, _, name = source.partition(":")
            assert name in hub_names(hub, own.kind_name())


def test_packaged_names_and_collections_are_those_of_the_models() -> None:
    from trainables.models.pretrained import HUBS as LOADERS

    assert set(PACKAGED) == set(PRETRAINED)
    assert set(HUBS) == set(LOADERS)


def test_the_weights_a_space_lists_are_pinned_too(weights, tmp_path):
    space = small_space(
        **NONE,
        search={"sampler": "grid"},
        anchors=[{"kind": "tl_dmi", "freeze_depth": 2}],
        per_target={
            "small_vgg": {"pretrained": [weights, None]},
            "vgg16": {"pretrained": ["absent.safetensors"]},
        },
    )
    sweep = pin_sweep(space, load_setup("drawn_persons"))
    first, second = sweep.targets
    assert first.pretrained == PinnedFile(path=tmp_path / weights).pinned()
    assert second.pretrained is None
    check_sweep(sweep)


def test_weights_that_a_space_lists_and_are_not_there_are_refused() -> None:
    space = small_space(
        search={"sampler": "grid"},
        defenses=[{"kind": "tl_dmi"}],
        per_target={"small_vgg": {"pretrained": ["absent.safetensors"]}},
    )
    with pytest.raises(InvalidSpace, match=r"per_target\.small_vgg\.pretrained\.0: absent\."):
        pin_sweep(space, load_setup("drawn_persons"))


def test_a_checkpoint_of_an_evaluator_is_pinned_or_refused(weights, tmp_path):
    def with_checkpoint(path):
        setup = load_setup("orl_faces")
        judge = setup.evaluators[1].model_copy(update={"checkpoint": PinnedFile(path=path)})
        return setup.model_copy(update={"evaluators": (setup.evaluators[0], judge)})

    found = pin_setup(with_checkpoint(weights)).evaluators[1]
    assert found.checkpoint == PinnedFile(path=tmp_path / weights).pinned()
    with pytest.raises(InvalidSpace, match=r"evaluators\.1\.checkpoint: absent\.safetensors cannot be read"):
        pin_setup(with_checkpoint("absent.safetensors"))


def test_files_of_attacks_are_pinned_whether_space_or_setup_says_it(tmp_path: Path) -> None:
    (tmp_path / "efficientnet_b0.safetensors").write_bytes(b"weights")
    lomma = {"students": ["efficientnet_b0"], "student_weights": str(tmp_path)}
    setup, attack = load_setup("orl_faces"), {"kind": "lomma_gmi", "iterations": 5}
    of_setup = Setup.model_validate(
        {**setup.model_dump(exclude_unset=True), "attack_budgets": {"lomma_gmi": {"lomma": lomma}}}
    )
    pinned = {"efficientnet_b0": PinnedFile(path=tmp_path / "efficientnet_b0.safetensors").pinned()}
    for sweep in (
        pin_sweep(small_space(attacks=[attack]), of_setup),
        pin_sweep(small_space(attacks=[{**attack, "lomma": lomma}]), setup),
    ):
        (config,) = sweep.trial(Defense(), seed=0).attacks
        assert (config.attack.iterations, config.attack.lomma.student_weights) == (5, pinned)
