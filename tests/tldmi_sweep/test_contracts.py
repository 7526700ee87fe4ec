"""Skeletons keep their contracts, and a contract notices what a plugin does wrong."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from orchestrator.skeletons import NOUNS, write_skeleton

DEFECTS = {
    "attack": {
        "draws_from_the_global_generator": (
            "return start_latents(self.rows, seed, self.prior, self.space).to(self.prior.like())",
            "return torch.randn_like(start_latents(self.rows, seed, self.prior, self.space))"
            ".to(self.prior.like())",
            "test_repeats_bit_for_bit",
        ),
        "forgets_its_best": (
            "better = sureness > self.sureness",
            "better = sureness > -1e9",
            "test_finds_the_planted",
        ),
        "asks_more_than_it_says": (
            "queries = torch.full((len(rows),), settings.iterations)",
            "queries = torch.full((len(rows),), settings.iterations - 1)",
            "test_its_budget",
        ),
        "goes_on_from_the_start": ("self.taken = int(state", "_ = int(state", "test_a_preempted_attack"),
        "sees_through_an_output_side_defence": (
            "self.answers = answers_of(attacker.target, settings)",
            "self.network = inference_copy(attacker.target, settings)\n"
            "        self.answers = lambda pictures: self.network(pictures).logits",
            "test_below_white_box",
        ),
    },
    "prior": {
        "leaves_the_range": ("nn.Hardtanh(0, 1)", "nn.Identity()", "test_its_pictures_have_their_size"),
        "cannot_be_followed": ("nn.Hardtanh(0, 1)", "nn.Threshold(2, 0.5)", "test_the_gradient_reaches"),
        "ignores_the_given_generator": (
            "torch.randn(count, self.z_dim, generator=random)",
            "torch.randn(count, self.z_dim)",
            "test_its_latents_depend",
        ),
        "keeps_nothing": ('{"generator": self.generator}', "{}", "test_its_networks_are_frozen"),
    },
    "evaluator": {
        "judges_by_the_batch": (
            "feature = _features(images, self.side)",
            "feature = _features(images - images.mean(), self.side)",
            "test_a_picture_is_judged_alike_alone",
        ),
        "knows_nothing": (
            "-(feature[:, None] - self.means)",
            "(feature[:, None] - self.means)",
            "recognises_real",
        ),
        "has_another_name": ('name = "', 'name = "other_', "test_settings_name_this_evaluator"),
    },
    "dataset": {
        "draws_anew": ("default_rng([self.settings.seed, number])", "default_rng()", "test_loading_again"),
        "tests_on_training_pictures": (
            "name: own[-2:]",
            "name: own[:2]",
            "test_no_picture_is_in_train_and_test",
        ),
        "attacks_its_own_people": (
            "self._drawn(wanted.private_count + k)",
            "self._drawn(k)",
            "test_private_and_public_people_are_different",
        ),
        "miscounts": ("return self.settings.private_count", "return 7", "test_settings_know_what_is_loaded"),
    },
    "target": {
        "miscounts_units": (
            "units: ClassVar[int] = 3",
            "units: ClassVar[int] = 2",
            "test_what_is_said_of_it",
        ),
        "miscounts_parameters": ("= 88_808", "= 88_809", "test_what_is_said_of_it"),
        "reads_the_batch": (
            "layers = convolution, nn.BatchNorm2d(after)",
            "layers = convolution, nn.BatchNorm2d(after, track_running_stats=False)",
            "test_a_picture_is_seen_alike_alone",
        ),
    },
    "defense": {
        "gives_no_gradient": (
            "return Terms({",
            "entropy = entropy * float('nan')\n        return Terms({",
            "finite",
        ),
        "records_what_it_does_not_announce": ('{"entropy": entropy', '{"other": entropy', "what_is_recorded"),
    },
}
"""Noun -> defect -> a text of the skeleton, what takes its place, and the test that must fail."""


def failures(folder: Path, chosen: str) -> dict[str, set[str]]:
    """Return the names of the ``chosen`` tests that failed, by the kind that they test."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", "report.xml", "--tb", "line"]
    subprocess.run([sys.executable, *words, "-k", chosen], cwd=folder, capture_output=True, check=False)
    found: dict[str, set[str]] = {}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        names = found.setdefault(case.attrib["classname"].split(".")[0].removeprefix("test_"), set())
        if case.find("failure") is not None or case.find("error") is not None:
            names.add(case.attrib["name"])
    return found


def test_every_skeleton_keeps_its_contract(tmp_path: Path) -> None:
    for noun in NOUNS:
        write_skeleton(noun, f"my_{noun}", tmp_path)
    assert failures(tmp_path, "test") == {f"my_{noun}": set() for noun in NOUNS}


def test_a_contract_notices_each_defect(tmp_path: Path) -> None:
    kinds = {
        (noun, defect): f"{noun}_{number}" for noun in NOUNS for number, defect in enumerate(DEFECTS[noun])
    }
    chosen = []
    for (noun, defect), kind in kinds.items():
        text, wrong, test = DEFECTS[noun][defect]
        code, _ = write_skeleton(noun, kind, tmp_path)
        whole = code.read_text()
        assert whole.count(text) == 1, (noun, defect)
        code.write_text(whole.replace(text, wrong))
        chosen.append(f"(test_{kind} and {test})")
    failed = failures(tmp_path, " or ".join(chosen))
    assert [case for case, kind in kinds.items() if not failed[kind]] == []
