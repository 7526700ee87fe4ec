"""``gc``: what no row refers to goes, what a row or an unfinished sweep needs stays."""

import errno
import hashlib
import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestrator import Execution, run_sweep
from orchestrator.cli import main
from orchestrator.driver import garbage
from orchestrator.driver.garbage import collect
from orchestrator.errors import SweepInUse
from orchestrator.locks import sweep_lock
from results.stores.garbage import Garbage, find_garbage
from results.stores.opening import open_store
from results.stores.store import Store
from results.sweeps.record import SweepRecord, write_sweep
from search_spaces import Sweep, load_setup
from search_spaces.defenses import Defense
from tests.fixtures.s3_servers import BUCKET, moto, nobody
from tests.orchestrator import fake_steps
from tests.orchestrator.small_sweeps import small_space

HOUR = 3600.0
OLD = -1.0
"""So that everything counts as old."""


def identity(name: str) -> str:
    """Return an identity as the program gives them; ``name`` is what the tests call it."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def artifact(path: str) -> str:
    """Return the path of a file whose name begins with an identity, from what the tests call it."""
    folder, _, file = path.rpartition("/")
    kind, name, rest = re.fullmatch(r"(generator-)?(\w+)(.*)", file).groups("")
    return f"{folder}/{kind}{identity(name)}{rest}"


def target_row(target_id: str, acc: float, **more: Any) -> dict[str, Any]:
    return {
        "target_id": target_id,
        "config_id": f"config-{target_id}",
        "status": "done",
        "defense": "tl_dmi",
        "control": "none",
        "seed": 0,
        "acc": acc,
        **more,
    }


def write_trial(store: Store, number: int, target_id: str, acc: float, att: float, **more: Any) -> None:
    target_id, attack_id = identity(target_id), identity(f"a{target_id}")
    attack = {
        "attack_id": attack_id,
        "target_id": target_id,
        "status": "done",
        "attack": "gmi",
        "att_acc": att,
        "generator_id": identity("g1"),
        "evaluator": "sface",
        "fid_features": "sface",
    }
    store.write_rows("targets", target_id, [target_row(target_id, acc, **more)])
    store.write_rows("attacks", attack_id, [attack])
    trial = {
        "sweep_id": "5weep",
        "number": number,
        "role": "search",
        "target_id": target_id,
        "attack_ids": [attack_id],
        "state": "done",
    }
    store.write_rows("trials", f"5weep-{number:04d}", [trial])


OF_THE_USER = (
    "artifacts/unknown/x.bin",
    "artifacts/notes.txt",
    "artifacts/targets/best-one.safetensors",
    f"artifacts/targets/{'A' * 16}.safetensors",
    f"artifacts/targets/{'a' * 16}.pth",
    "artifacts/sheets/generator-of-mine.png",
    "artifacts/checkpoints/README",
    "reports/5weep/report.html",
)
"""Names that the program does not give, or places that it does not clean."""
NEEDED = (
    *OF_THE_USER,
    artifact("artifacts/targets/t0.safetensors"),
    artifact("artifacts/targets/t1.safetensors"),
    artifact("artifacts/targets/t2.safetensors"),
    artifact("artifacts/students/t1-0123.safetensors"),
    artifact("artifacts/priors/g1.safetensors"),
    artifact("artifacts/sheets/at0.png"),
    artifact("artifacts/sheets/generator-g1-sface.png"),
)
UNNEEDED = tuple(
    artifact(f"artifacts/{path}")
    for path in (
        "targets/gone.safetensors",
        "students/gone-0123.safetensors",
        "students/0123.safetensors",
        "inversion_gans/gone-0123.safetensors",
        "feature_means/gone-0123.safetensors",
        "priors/g2.safetensors",
        "evaluators/e2.safetensors",
        "real_pictures/e2.safetensors",
        "image_features/f.safetensors",
        "sheets/agone.png",
        "checkpoints/t1.safetensors",
        "checkpoints/at1-64.safetensors",
        "checkpoints/gone.safetensors",
    )
)


def fill(store: Store) -> None:
    """Write a finished sweep: No-Def (t0), a point of the front (t1), one that is dominated (t2)."""
    write_trial(store, 0, "t0", 0.9, 0.6, defense="no_def")
    write_trial(store, 1, "t1", 0.8, 0.2)
    write_trial(store, 2, "t2", 0.7, 0.5)
    store.write_rows("generators", f"{identity('g1')}-sface", [{"generator_id": identity("g1")}])
    write_sweep(store, SweepRecord("5weep", "small", "orl_faces", planned={"search": 3}))
    for path in (*NEEDED, *UNNEEDED):
        store.put_bytes(path, b"12345")


@pytest.fixture(params=["folder", "memory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    uri = {"folder": str(tmp_path / "runs"), "memory": f"memory://{uuid.uuid4().hex}"}.get(request.param)
    if uri is None:
        nobody(monkeypatch)
        uri = f"s3://{BUCKET}/{uuid.uuid4().hex}?endpoint={request.getfixturevalue('endpoint')}"
    return open_store(uri, create=True)


@pytest.fixture(scope="module")
def endpoint():
    with moto() as url:
        yield url


def gc(store: Store, keep: str = "all", unfinished: bool = False, dry_run: bool = False) -> set[str]:
    found = collect(store, keep, unfinished, OLD, dry_run)
    return {one.path for one in found.garbage}


def test_what_no_row_refers_to_goes_and_the_rest_stays(store: Store) -> None:
    fill(store)
    before = store.list_paths()
    assert gc(store, dry_run=True) == set(UNNEEDED)
    assert store.list_paths() == before
    assert gc(store) == set(UNNEEDED)
    assert {path for path in store.list_paths() if path.startswith(("artifacts/", "reports/"))} == set(NEEDED)
    assert gc(store) == set()


@pytest.mark.parametrize(("keep", "gone"), [("all", ""), ("front", "2"), ("none", "012")])
def test_weights_are_kept_of_whom_one_asks(store: Store, keep: str, gone: str) -> None:
    fill(store)
    gc(store, keep)
    left = {
        f"t{number}" for number in "012" if store.exists(artifact(f"artifacts/targets/t{number}.safetensors"))
    }
    assert left == {f"t{number}" for number in "012" if number not in gone}
    assert store.exists(artifact("artifacts/students/t1-0123.safetensors")) == ("1" not in gone)
    assert store.read_rows("targets").num_rows == 3


def test_an_unfinished_sweep_keeps_what_it_would_need(store: Store) -> None:
    """One target is trained and not attacked yet, another is in the middle of its training."""
    fill(store)
    write_sweep(store, SweepRecord("5weep", "small", "orl_faces", planned={"search": 9}))
    store.write_rows("targets", identity("t3"), [target_row(identity("t3"), 0.1)])
    kept = (artifact("artifacts/targets/t3.safetensors"), artifact("artifacts/checkpoints/gone.safetensors"))
    for path in kept:
        store.put_bytes(path, b"1")
    gc(store, "none")
    assert all(store.exists(path) for path in kept)
    assert not store.exists(artifact("artifacts/checkpoints/t1.safetensors"))
    gc(store, "none", unfinished=True)
    assert not any(store.exists(path) for path in kept)


def test_shared_pieces_of_a_recorded_sweep_stay(tmp_path: Path) -> None:
    space = small_space()
    execution = Execution("inline", build=fake_steps.FAKE)
    run_sweep(space, load_setup("orl_faces"), str(tmp_path / "runs"), execution)
    store = open_store(str(tmp_path / "runs"))
    settings = json.loads(store.get_bytes(store.list_paths("settings/")[0]))["sweep"]
    sweep = Sweep.model_validate(settings)
    (attack, *_) = sweep.trial(Defense(), sweep.space.seed).attacks
    kept = [f"artifacts/priors/{attack.prior_config.piece_id}.safetensors"]
    for config in attack.evaluator_configs:
        kept += [
            f"artifacts/{name}/{config.piece_id}.safetensors" for name in ("evaluators", "real_pictures")
        ]
    gone = artifact("artifacts/evaluators/gone.safetensors")
    for path in (*kept, gone):
        store.put_bytes(path, b"1")
    assert gc(store) == {gone}
    store.put_bytes(store.list_paths("settings/")[0], b'{"sweep": {"of": "another version"}}')
    store.put_bytes(gone, b"1")
    assert gone not in gc(store)


def test_it_is_refused_while_a_sweep_runs(store: Store) -> None:
    fill(store)
    with sweep_lock(store.address, "5weep"):
        answer = run(store.uri, "--older-than", "0")
        assert answer.exit_code == 5
        assert "is being run by process" in answer.output
        assert run(store.uri, "--dry-run").exit_code == 0
    assert store.exists(UNNEEDED[0])


def test_no_sweep_begins_while_it_looks_for_what_to_remove(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is new to the store would find shared pieces that are about to go."""
    fill(store)
    refused: list[str] = []

    def begun_meanwhile(*arguments: object) -> list[Garbage]:
        with pytest.raises(SweepInUse) as error, sweep_lock(store.address, "new"):
            pass
        refused.append(str(error.value))
        return find_garbage(*arguments)

    monkeypatch.setattr(garbage, "find_garbage", begun_meanwhile)
    gc(store)
    (said,) = refused
    assert f"being removed or merged by process {os.getpid()} on" in said
    with sweep_lock(store.address, "new"):
        pass


def test_half_written_files_go_when_they_are_old(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    (tmp_path / "targets").mkdir()
    old, probe, new = f"targets/.{'a' * 32}.part", f".probe-{'b' * 32}", f".{'c' * 32}.part"
    of_the_user = (".film.mkv.part", "targets/.part", ".probe-results", f"targets/{'a' * 32}.part")
    for name, age in ((old, 2 * HOUR), (probe, 2 * HOUR), (new, 0.0), *((n, 2 * HOUR) for n in of_the_user)):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    found = collect(store, "all", False, HOUR, dry_run=False)
    assert {one.path for one in found.garbage} == {old, probe}
    assert all((tmp_path / name).exists() for name in (new, *of_the_user))
    assert not (tmp_path / probe).exists()


def test_unfinished_uploads_go(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody(monkeypatch)
    store = open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}?endpoint={endpoint}", create=True)
    key = store._key(artifact("artifacts/targets/t.safetensors"))
    upload = store._bucket.call("create_multipart_upload", Key=key)["UploadId"]
    store._bucket.call("upload_part", Key=key, UploadId=upload, PartNumber=1, Body=b"12345")
    assert [(one.size, one.leftover) for one in collect(store, "all", False, OLD, True).garbage] == [
        (5, True)
    ]
    collect(store, "all", False, OLD, dry_run=False)
    assert store.leftovers() == []


def test_uploads_of_others_stay(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may fill a whole bucket, and others use the bucket too."""
    nobody(monkeypatch)
    store = open_store(f"s3://{BUCKET}/{uuid.uuid4().hex}?endpoint={endpoint}", create=True)
    others = ["backups/db.tar", "artifacts/build-7/app.tar", "artifacts/app.tar", "artifacts/targets/app.tar"]
    for path in others:
        store._bucket.call("create_multipart_upload", Key=store._key(path))
    collect(store, "all", False, OLD, dry_run=False)
    assert sorted(one.path.partition("?")[0] for one in store.leftovers()) == sorted(others)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gc", *arguments])


def test_the_command_says_what_it_would_do_and_does_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    fill(store)
    answer = run(str(tmp_path), "--dry-run", "--older-than", "0")
    assert answer.exit_code == 0
    assert f"{len(UNNEEDED)} files, 0.0 MB would be removed" in answer.output
    assert "checkpoints of ended work" in answer.output
    plain = json.loads(run(str(tmp_path), "--json", "--older-than", "0").output)
    assert plain["dry_run"] is False
    assert plain["removed"]["priors"] == {"files": 1, "bytes": 5}
    assert "nothing to remove" in run(str(tmp_path), "--older-than", "0").output
    assert run(str(tmp_path / "none")).exit_code == 2


def test_young_files_stay(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), create=True)
    fill(store)
    assert "nothing to remove" in run(str(tmp_path)).output
    assert all(store.exists(path) for path in UNNEEDED)


def test_a_store_that_may_not_be_changed_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    fill(open_store(str(tmp_path), create=True))
    monkeypatch.setattr("orchestrator.driver.garbage.collector_lock", read_only)
    answer = run(str(tmp_path))
    assert answer.exit_code == 2
    assert f"cannot change the store {tmp_path}: Read-only file system" in answer.output
