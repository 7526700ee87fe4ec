"""What cannot work is refused before anything is written."""

import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch
from PIL import Image

from orchestrator.checks.checks import check_free_space, check_sweep
from orchestrator.checks.pinning import pin_setup
from orchestrator.errors import InvalidRequest
from search_spaces import InvalidSpace, Sweep, load_setup, load_space
from search_spaces.attacks import BREPMI, GMI
from search_spaces.datasets import DrawnPersons, ORLFaces
from search_spaces.image_quality import ImageQuality
from tests.orchestrator.small_sweeps import small_space
from trainables.datasets import private_classes
from trainables.weights.fitting import WeightsMismatch


def folders(root, private=("ann", "ben"), public=("cid", "dora")):
    """Make an image folder of two different pictures per class and return its setup."""
    for side, names in (("private", private), ("public", public)):
        for name in names:
            (root / side / name).mkdir(parents=True)
            for number in range(2):
                colour = (len(name) * 20, ord(name[0]), number * 50)
                Image.new("RGB", (32, 32), colour).save(root / side / name / f"{number}.png")
    return load_setup(f"image_folder={root / 'private'},{root / 'public'}")


def sweep_on(setup, **changes):
    return Sweep(space=small_space(**changes), setup=setup)


def test_pinning_makes_folders_absolute_and_hashes_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders(tmp_path)
    monkeypatch.chdir(tmp_path)
    setup = pin_setup(load_setup("image_folder=private,public"))
    assert setup.data.private.path == tmp_path / "private"
    assert len(setup.data.private.sha256) == len(setup.data.public.sha256) == 64
    check_sweep(sweep_on(setup))


def test_changed_pictures_are_another_sweep(tmp_path: Path) -> None:
    setup = folders(tmp_path)
    before = sweep_on(pin_setup(setup)).sweep_id
    assert sweep_on(pin_setup(setup)).sweep_id == before
    Image.new("RGB", (32, 32), (9, 9, 9)).save(tmp_path / "private" / "ann" / "0.png")
    assert sweep_on(pin_setup(setup)).sweep_id != before


def test_settings_of_packaged_data_stay_as_they_are() -> None:
    assert pin_setup(load_setup("orl_faces")) == load_setup("orl_faces")


@pytest.mark.parametrize(
    ("private", "public", "named"),
    [
        (("ann",), ("cid",), "a single class"),
        (("ann", "ben"), ("ann",), "share the classes 'ann'"),
        ((), ("cid",), "private folder"),
    ],
)
def test_unusable_pictures_are_refused(tmp_path, private, public, named):
    with pytest.raises(ValueError, match=named):
        check_sweep(sweep_on(pin_setup(folders(tmp_path, private, public))))


def test_a_corrupt_picture_is_refused_by_name(tmp_path: Path) -> None:
    setup = folders(tmp_path)
    (tmp_path / "private" / "ann" / "2.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"2\.png"):
        check_sweep(sweep_on(pin_setup(setup)))


def test_no_more_classes_are_attacked_than_there_are(tmp_path: Path) -> None:
    setup = pin_setup(folders(tmp_path))
    check_sweep(sweep_on(setup, attacked_classes=2))
    with pytest.raises(InvalidRequest, match="only 2 private"):
        check_sweep(sweep_on(setup, attacked_classes=3))


def drawn(side, **prior):
    setup = load_setup("drawn_persons")
    data = setup.data.model_copy(update={"resolution": side})
    priors = {"wgan_gp": setup.priors["wgan_gp"].model_copy(update=prior)}
    return setup.model_copy(update={"data": data, "priors": priors})


def test_a_prior_that_cannot_make_pictures_of_the_data_is_refused() -> None:
    check_sweep(sweep_on(drawn(32)))
    check_sweep(sweep_on(drawn(64, initial="digiface_dcgan")))
    with pytest.raises(InvalidRequest, match=r"48x48: wgan_gp makes 8, 16, 32, 64, .* give its resolution"):
        check_sweep(sweep_on(drawn(48)))
    with pytest.raises(InvalidRequest, match="it has z_dim 100 and makes pictures of 64x64"):
        check_sweep(sweep_on(drawn(32, initial="digiface_dcgan")))


def test_a_prior_of_its_own_resolution_serves_data_of_any_size() -> None:
    check_sweep(sweep_on(drawn(48, resolution=32)))
    with pytest.raises(InvalidRequest, match="crop 40 of pictures of 32x32: give at most 32"):
        check_sweep(sweep_on(drawn(48, resolution=32, crop=40)))


def test_an_attack_whose_prior_is_not_in_the_setup_is_refused() -> None:
    setup = load_setup("drawn_persons")
    renamed = setup.model_copy(update={"priors": {"small": setup.priors["wgan_gp"]}})
    with pytest.raises(InvalidSpace, match=r"gmi needs the prior 'wgan_gp', but priors has only small"):
        check_sweep(sweep_on(renamed))
    budgets = {"gmi": GMI(prior="small"), "brepmi": BREPMI(prior="small")}
    named = renamed.model_copy(update={"attack_budgets": budgets})
    check_sweep(sweep_on(named))


def test_a_space_of_latents_that_the_prior_lacks_is_refused() -> None:
    setup = load_setup("drawn_persons")
    asked = setup.model_copy(update={"attack_budgets": {"gmi": GMI(latent_space="w")}})
    with pytest.raises(InvalidRequest, match="attack gmi searches the space 'w' of latents, prior wgan_gp"):
        check_sweep(sweep_on(asked))


def test_a_space_without_attacks_asks_for_no_prior() -> None:
    check_sweep(Sweep(space=load_space("training_time"), setup=drawn(48)))


def test_private_classes_are_counted_for_every_kind_of_data(tmp_path: Path) -> None:
    assert private_classes(ORLFaces(private_people=7)) == 7
    assert private_classes(DrawnPersons(private_people=8)) == 8
    assert private_classes(folders(tmp_path).data) == 2


def test_attribute_evaluators_need_drawn_persons() -> None:
    photographs = load_setup("orl_faces")
    drawn = load_setup("drawn_persons")
    check_sweep(sweep_on(drawn))
    with pytest.raises(InvalidRequest, match="known_attributes"):
        check_sweep(sweep_on(photographs.model_copy(update={"evaluators": drawn.evaluators})))


def test_a_budget_that_does_not_go_with_what_the_space_says_is_refused() -> None:
    budgets = {"brepmi": BREPMI(query_budget=34)}
    setup = load_setup("orl_faces").model_copy(update={"attack_budgets": budgets})
    with pytest.raises(InvalidSpace, match="one step costs 41 queries"):
        check_sweep(sweep_on(setup, attacks=[{"kind": "brepmi", "sphere_points": 40}]))


def test_files_of_other_networks_are_refused_before_work_starts(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    safetensors.torch.save_file({"a": torch.zeros(2)}, tmp_path / "efficientnet_b0.safetensors")
    setup = load_setup("orl_faces")
    for name in ("inception", "lpips_trunk"):
        quality = ImageQuality.model_validate({name: tmp_path / "other.pth"})
        with pytest.raises(WeightsMismatch, match="do not fit"):
            check_sweep(sweep_on(setup.model_copy(update={"image_quality": quality})))
    lomma = {"students": ["efficientnet_b0"], "student_weights": str(tmp_path)}
    with pytest.raises(WeightsMismatch, match=r"efficientnet_b0\.safetensors do not fit"):
        check_sweep(sweep_on(setup, attacks=[{"kind": "lomma_gmi", "lomma": lomma}]))


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    check_free_space(str(tmp_path / "new" / "store"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(InvalidRequest, match="no disk space"):
        check_free_space(str(tmp_path / "new" / "store"))


def test_pictures_that_the_target_cannot_take_are_refused() -> None:
    setup = drawn(48, resolution=32)
    target = setup.target.model_copy(update={"architecture": "maxvit"})
    with pytest.raises(InvalidRequest, match=r"maxvit takes pictures of 64, 96, .* not 48; change data"):
        check_sweep(sweep_on(setup.model_copy(update={"target": target})))
