"""No credentials where others read, no name is a path or a word of a shell, no foreign store is touched."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.driver.limits import Limits
from orchestrator.driver.outputs import output_folder
from orchestrator.driver.sweep import Execution, run_sweep
from orchestrator.execution import executors
from orchestrator.selection import Selection
from results import InvalidPath, open_store
from search_spaces import load_setup
from tests.orchestrator.fake_steps import FakeBuild
from tests.orchestrator.small_sweeps import small_space

SECRET = "wJalrXUtnFEMIxK7MDENG"


def leaking(config, store):
    """Fail with an error that repeats a secret of the environment and a password in a URL."""
    raise RuntimeError(f"403 for key {SECRET} at http://me:hunter22@store:9000/")


@pytest.fixture
def leaked(tmp_path, monkeypatch):
    """A store after a trial whose error holds secrets."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("MY_DATABASE_PASSWORD", "hunter22-other")
    store = tmp_path / "store"
    execution = Execution("inline", limits=Limits(max_trials=1), build=FakeBuild(target=leaking))
    run_sweep(small_space(), load_setup("orl_faces"), str(store), execution)
    return store


def test_secrets_in_errors_reach_no_row_no_log_and_no_command(leaked: Path) -> None:
    rows = open_store(str(leaked)).read_rows("trials").to_pylist()
    assert "403 for key *** at http://me:***@store:9000/" in rows[0]["reason"]
    for words in (
        ["status", leaked],
        ["trials", leaked],
        ["logs", "0", leaked],
        ["logs", "0", leaked, "--json"],
    ):
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        assert SECRET not in result.output
        assert "hunter22" not in result.output
    files = [path for path in leaked.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert [path for path in files if b"hunter22" in path.read_bytes()] == []


@pytest.mark.parametrize(
    "uri",
    ["s3://key:secret1@bucket/runs", "s3://bucket/runs?endpoint=http://key:secret1@host:9000"],
)
def test_a_store_uri_with_credentials_is_refused_without_repeating_them(uri: str) -> None:
    with pytest.raises(InvalidPath) as error:
        open_store(uri)
    assert "credentials" in str(error.value)
    assert "secret1" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "mode"), [("local", "token"), ("auto", "disabled"), ("10.0.0.1:6379", "disabled")]
)
def test_an_own_cluster_has_a_fresh_token_and_a_joined_one_what_the_user_says(
    monkeypatch: pytest.MonkeyPatch, address: str, mode: str
) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    tokens = set()
    for _ in range(2):
        monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
        executors.prepare_ray(address)
        tokens.add(executors.os.environ.get("RAY_AUTH_TOKEN"))
        assert executors.os.environ["RAY_AUTH_MODE"] == mode
    assert len(tokens) == (2 if mode == "token" else 1)
    monkeypatch.setenv("RAY_AUTH_MODE", "k8s")
    executors.prepare_ray(address)
    assert executors.os.environ["RAY_AUTH_MODE"] == "k8s"


NASTY = "a b; touch owned #'$(touch owned)"


def test_the_recorded_command_is_one_that_a_shell_reads_as_it_was_given() -> None:
    selection = Selection(NASTY, data=NASTY, store=NASTY, assignments=(f"target.pretrained={NASTY}",))
    words = shlex.split(selection.command)
    assert words.count(NASTY) == 3
    assert words[-1] == f"target.pretrained={NASTY}"


@pytest.mark.parametrize("uri", ["s3://bucket/../../etc", "s3://bucket/a/./b", "s3://bucket/.hidden"])
def test_a_bucket_never_names_a_folder_outside_of_runs(uri: str) -> None:
    with pytest.raises(InvalidPath):
        open_store(uri)
    assert output_folder("s3://bucket/deep/runs") == Path("runs/bucket-deep-runs")


COMMANDS = [
    ["status"],
    ["trials"],
    ["logs", "0"],
    ["stop"],
    ["cancel"],
    ["retry"],
    ["retry", "--into", "elsewhere"],
]


def of_store(words, store):
    """Put the store where the command takes it."""
    words = [*words, str(store)]
    return [*words, "0"] if "--into" in words else words


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("version", [1, 99, "new"])
def test_a_store_of_another_version_is_refused_and_left_as_it_is(tmp_path, monkeypatch, words, version):
    monkeypatch.chdir(tmp_path)
    marker = tmp_path / "store" / "store.json"
    marker.parent.mkdir()
    marker.write_text(json.dumps({"format": "tldmi-sweep", "schema_version": version}))
    result = CliRunner().invoke(main, of_store(words, marker.parent))
    assert (result.exit_code, "schema version" in result.output) == (2, True), result.output
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [marker]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_sweep_named_like_a_path_is_no_sweep(leaked, words):
    before = sorted(leaked.rglob("*"))
    result = CliRunner().invoke(main, [*of_store(words, leaked), "--sweep", "../../etc/passwd"])
    assert (result.exit_code, "No single sweep" in result.output) == (2, True), result.output
    assert sorted(leaked.rglob("*")) == before
