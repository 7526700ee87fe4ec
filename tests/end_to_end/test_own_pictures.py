"""Own pictures through the real command: few of them give a T that works, or a clear reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from results import load

ROOT = Path(__file__).parent.parent.parent
PRIVATE, PUBLIC, EACH, SIDE = 6, 8, 12, 32
QUICK = [
    "data.resolution=32", "space.control.kinds=[]", "confirmation.further_seeds=0",
    "attacks.gmi.iterations=3", "attacks.brepmi.iterations=2", "attacks.brepmi.max_steps=3",
    "priors.wgan_gp.width=8", "priors.wgan_gp.critic_width=8", "priors.wgan_gp.z_dim=16",
    "priors.wgan_gp.autoencoder_steps=20", "priors.wgan_gp.critic_warmup_steps=2",
    "evaluators.0.epochs=20", "evaluators.0.width=8",
]  # fmt: skip
"""Settings that prove nothing and take seconds; those of T stay as shipped."""
SHAPES = ("ellipse", "rectangle", "line")


def picture(rng: np.random.Generator, who: int) -> Image.Image:
    """Return a shape that is of class ``who``, somewhere on a ground that is not."""
    image = Image.new("RGB", (SIDE, SIDE), tuple(int(value) for value in rng.integers(60, 200, 3)))
    hue = tuple(int(127 + 120 * np.sin(0.9 * who + 2.1 * channel)) for channel in range(3))
    left, top = rng.integers(2, 10, 2)
    box = (int(left), int(top), int(left) + 18, int(top) + 14)
    getattr(ImageDraw.Draw(image), SHAPES[who % len(SHAPES)])(box, fill=hue, width=5 if who % 3 == 2 else 1)
    noisy = np.asarray(image, dtype=float) + rng.normal(0, 12, (SIDE, SIDE, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def folders(root: Path) -> str:
    """Write both folders and return them as ``--data`` takes them."""
    rng = np.random.default_rng(0)
    for who in range(PRIVATE + PUBLIC):
        folder = root / ("private" if who < PRIVATE else "public") / f"class-{who:02d}"
        folder.mkdir(parents=True)
        for number in range(EACH):
            picture(rng, who).save(folder / f"{number:02d}.png")
    return f"image_folder={root / 'private'},{root / 'public'}"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the folders; ``words`` come after its options."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    settings = [word for setting in QUICK for word in ("--set", setting)]
    command = [sys.executable, "-m", "orchestrator", *words, "--space", "bido_vs_tldmi", *settings]
    return subprocess.run(
        [*command, "--store", str(folder / "store")], env=environment, cwd=folder,
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("own")
    return folder, folders(folder)


def test_a_plan_says_what_is_trained_and_for_how_long(place: tuple[Path, str]) -> None:
    folder, data = place
    found = json.loads(run(folder, "plan", "--json", "--data", data).stdout)
    size = found["size"]
    assert (size["private_classes"], size["train_images"], size["test_images"]) == (PRIVATE, 60, 12)
    assert (size["public_classes"], size["public_images"]) == (PUBLIC, PUBLIC * EACH)
    assert (size["epochs"], size["steps"]) == (50, 200)
    assert found["notes"] == []
    scratch = run(folder, "plan", "--data", data, "--set", "target.pretrained=null").stdout
    assert "each T is trained for 50 epochs, 200 steps" in scratch
    assert "note: TL-DMI, TL-DMI + BiDO-HSIC: T starts from random weights" in scratch


@pytest.mark.slow
def test_few_pictures_give_classifiers_that_work(place: tuple[Path, str]) -> None:
    folder, data = place
    ended = run(folder, "run", "--data", data, "--executor", "inline", "--trials", "3")
    assert ended.returncode == 0, ended.stderr
    summary = load(str(folder / "store")).summary()
    assert {one.defense for one in summary.configurations} == {"no_def", "bido_hsic", "tl_dmi"}
    for row in summary.targets:
        assert row["acc"] > 0.7, row["label"]
        assert abs(row["curve_train_acc"] - row["train_acc"]) < 0.2, row["label"]
        assert (row["pretrained"], row["freezes_random_layers"]) == ("public pictures", False)
        assert (row["epochs"], row["steps"]) == (50, 200)
    assert summary.unfit == ()
    assert "warning: No-Def" not in ended.stdout


def test_a_classifier_that_does_not_work_is_said_to(place: tuple[Path, str]) -> None:
    folder, data = place
    scratch = ["target.least_steps=null", "target.epochs=1", "target.pretrained=null"]
    blind = [word for setting in scratch for word in ("--set", setting)]
    ended = run(folder, "run", "--data", data, "--executor", "inline", "--trials", "2", *blind)
    assert "(warning: T has not learnt its classes" in ended.stderr
    assert "No verdict: the classifier without a defence does not work" in ended.stdout
