"""Steps on a real GPU: what a CPU computes, the same bits twice, smaller batches when its memory lacks.

Not one of these tests can say anything without a GPU, so they are skipped there.
"""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from results.schema import TIMING_COLUMNS
from results.stores.opening import open_store
from results.stores.store import Store
from search_spaces import AttackConfig, TargetConfig
from search_spaces.architectures import ARCHITECTURES
from search_spaces.attacks import (
    BREPMI,
    GMI,
    KEDMI,
    LOMMA,
    LOMMAGMI,
    LOMMAKEDMI,
    VMI,
    AttackSettings,
    InversionGenerator,
)
from search_spaces.defenses import Defense
from search_spaces.defenses.bido import BiDOCOCO, BiDOHSIC
from search_spaces.defenses.freezing import TLDMI
from search_spaces.defenses.mid import MID
from search_spaces.evaluation import TrainedClassifier
from search_spaces.priors import WGANGP
from search_spaces.targets import Architecture, TargetSettings
from tests.fixtures.tiny_targets import smallest_resolution
from tldmi_sweep.testing.preemption import Preempted
from tldmi_sweep.testing.tiny_data import tiny_image_folder
from trainables.attack import run_attack
from trainables.attacks.inference import inference_copy
from trainables.memory import SmallerBatches
from trainables.models import build_target
from trainables.models.average_pool import AveragePool
from trainables.step import DEVICE_VARIABLE
from trainables.storage.checkpoint import CHECKPOINT_VARIABLE, Checkpoint, Resumable
from trainables.target import train_target

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here"),
]

INVERSION = InversionGenerator(
    start="prior", generator_steps=3, critic_steps_per_generator_step=1, batch_size=8
)
STUDENTS = LOMMA(students=("small",), student_epochs=1, student_batch_size=8, regularisation_images=8)
ATTACKS: dict[str, AttackSettings] = {
    "gmi": GMI(iterations=6, restarts=3),
    "gmi in bfloat16": GMI(iterations=6, restarts=3, mixed_precision=True),
    "kedmi": KEDMI(iterations=6, restarts=2, generator=INVERSION),
    "lomma_gmi": LOMMAGMI(iterations=6, restarts=2, lomma=STUDENTS),
    "lomma_kedmi": LOMMAKEDMI(iterations=6, restarts=2, generator=INVERSION, lomma=STUDENTS),
    "vmi": VMI(iterations=4, restarts=2, samples_per_step=2),
    "brepmi": BREPMI(iterations=4, max_steps=6, initial_draws=256),
}
DEFENSES: dict[str, Defense] = {
    "no_def": Defense(),
    "mid": Defense.of(MID(lambda_mid=0.01)),
    "bido_hsic": Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.5)),
    "bido_coco": Defense.of(BiDOCOCO(lambda_x=0.05, lambda_y=0.5)),
    "tl_dmi": Defense.of(TLDMI(freeze_depth=3)),
    "tl_dmi+bido_hsic": Defense.of(TLDMI(freeze_depth=2), BiDOHSIC(lambda_x=0.05, lambda_y=0.5)),
    "tl_dmi+mid": Defense.of(TLDMI(freeze_depth=2), MID(lambda_mid=0.01)),
}
RECIPES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "in bfloat16": {"mixed_precision": True},
    "channels last": {"channels_last": True},
}


def target_config(folder: Path, defense: Defense, **recipe: Any) -> TargetConfig:
    settings = TargetSettings(architecture="small_vgg", epochs=2, batch_size=8, optimizer="adam", **recipe)
    return TargetConfig(
        data=tiny_image_folder(folder, 4, resolution=32), target=settings, defense=defense, seed=0
    )


def attack_config(target: TargetConfig, attack: AttackSettings) -> AttackConfig:
    return AttackConfig(
        target=target,
        attack=attack,
        prior=WGANGP(z_dim=8, width=8, critic_width=8, generator_steps=2, batch_size=8),
        evaluators=(TrainedClassifier(epochs=1, width=4),),
    )


def new_store(folder: Path, name: str) -> Store:
    return open_store(str(folder / name), create=True)


def rows(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return every row of T and attack without times and hosts."""
    return {
        table: [
            {name: value for name, value in row.items() if name not in TIMING_COLUMNS}
            for row in store.read_rows(table).to_pylist()
        ]
        for table in ("targets", "curves", "attacks", "reconstructions")
    }


def artifacts(store: Store) -> dict[str, bytes]:
    return {path: store.get_bytes(path) for path in store.list_paths("artifacts/")}


@pytest.mark.parametrize("defense", DEFENSES.values(), ids=DEFENSES)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_training_gives_the_same_bits_twice(
    tmp_path: Path, defense: Defense, recipe: dict[str, Any]
) -> None:
    config = target_config(tmp_path, defense, **recipe)
    first, second = (new_store(tmp_path, name) for name in ("first", "second"))
    for store in (first, second):
        assert train_target(config, store).status == "done"
    assert rows(first) == rows(second)
    assert artifacts(first) == artifacts(second)
    assert torch.cuda.get_device_name() in first.read_rows("targets")["device"].to_pylist()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_gives_the_same_bits_twice(tmp_path: Path, attack: AttackSettings) -> None:
    config = attack_config(target_config(tmp_path, Defense()), attack)
    first, second = (new_store(tmp_path, name) for name in ("first", "second"))
    for store in (first, second):
        assert train_target(config.target, store).status == "done"
        assert run_attack(config, store).status == "done"
    assert rows(first) == rows(second)
    assert artifacts(first) == artifacts(second)


def test_no_part_lacks_a_deterministic_kernel(tmp_path: Path) -> None:
    """Where torch has none it warns, and the bits may differ from run to run."""
    store = new_store(tmp_path, "store")
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        for defense in DEFENSES.values():
            assert train_target(target_config(tmp_path, defense), store).status == "done"
        for attack in ATTACKS.values():
            run_attack(attack_config(target_config(tmp_path, Defense()), attack), store)
    assert [str(one.message) for one in given if "deterministic" in str(one.message)] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES.kinds)
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-9), (torch.float32, 0.05)], ids=str)
def test_a_target_answers_as_on_a_cpu(
    architecture: Architecture, dtype: torch.dtype, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 a ReLU whose input is all but 0 may open on one device and not on the other."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    size = smallest_resolution(architecture)
    network = build_target(TargetSettings(architecture=architecture), 7, size, seed=0).to(dtype)
    pictures = torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(0)).to(dtype)

    def answer(device: str) -> tuple[Tensor, Tensor]:
        ready = inference_copy(network.to(device))
        free = pictures.to(device).requires_grad_()
        logits = ready(free).logits
        (gradient,) = torch.autograd.grad(logits.logsumexp(1).sum(), free)
        return logits.detach().cpu(), gradient.cpu()

    for here, there in zip(answer("cpu"), answer("cuda"), strict=True):
        assert float((here - there).norm() / here.norm()) < error


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("of_gradient", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize(
    "pool", [AveragePool(3, 2, 1), AveragePool(2, 2, ceil_mode=True)], ids=["3x3", "2x2"]
)
def test_average_pools_have_the_gradient_of_a_cpu_in_every_layout(
    pool: AveragePool, layout: torch.memory_format, of_gradient: torch.memory_format
) -> None:
    pictures = torch.rand(4, 64, 31, 31, generator=torch.Generator().manual_seed(0))
    backward = torch.rand(4, 64, 16, 16, generator=torch.Generator().manual_seed(1))

    def gradient(device: str) -> Tensor:
        free = pictures.to(device).contiguous(memory_format=layout).requires_grad_()
        outward = backward.to(device).contiguous(memory_format=of_gradient)
        return torch.autograd.grad(pool(free), free, outward)[0].cpu()

    torch.testing.assert_close(gradient("cuda"), gradient("cpu"))


def test_an_attack_finds_what_it_finds_on_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In full float32; TF32, which cuDNN takes by default, differs in the third digit."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    config = attack_config(target_config(tmp_path, Defense()), GMI(iterations=6, restarts=3))
    store = new_store(tmp_path, "store")
    assert train_target(config.target, store).status == "done"
    found = {}
    for device in ("cpu", "cuda"):
        monkeypatch.setenv(DEVICE_VARIABLE, device)
        assert run_attack(config, store).status == "done"
        found[device] = rows(store)["reconstructions"]
        store.delete(f"attacks/{config.piece_id}.parquet")
    assert len(found["cpu"]) == 12
    for here, there in zip(found["cpu"], found["cuda"], strict=True):
        assert there["target_confidence"] == pytest.approx(here["target_confidence"], abs=2e-3)


def test_micro_batches_change_rounding_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    target = target_config(tmp_path, Defense())
    found = []
    for micro_batch in (5, 64):
        store = new_store(tmp_path, str(micro_batch))
        train_target(target, store)
        config = attack_config(target, GMI(iterations=6, restarts=3, micro_batch=micro_batch))
        assert run_attack(config, store).status == "done"
        found.append([row["target_confidence"] for row in rows(store)["reconstructions"]])
    assert found[0] == pytest.approx(found[1], abs=1e-4)


def test_an_attack_that_lacks_memory_takes_smaller_micro_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allocator is given a quarter of what the attack took: cuDNN does with less for a while."""
    target = target_config(tmp_path, Defense())
    config = attack_config(target, GMI(iterations=2, restarts=512, micro_batch=2048))
    store = new_store(tmp_path, "store")
    train_target(target, store)
    run_attack(config, store)  # makes the generator and the evaluator
    for table in ("attacks", "reconstructions"):
        store.delete(f"{table}/{config.piece_id}.parquet")
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    run_attack(config, store)
    unbounded = rows(store)
    peak = torch.cuda.max_memory_allocated()
    for table in ("attacks", "reconstructions"):
        store.delete(f"{table}/{config.piece_id}.parquet")
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.25 * peak / torch.cuda.mem_get_info()[1])
    try:
        with pytest.warns(SmallerBatches, match="attack gmi: out of memory, repeated"):
            assert run_attack(config, store).status == "done"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    bounded = rows(store)
    assert bounded["attacks"][0]["micro_batch"] < unbounded["attacks"][0]["micro_batch"] == 2048
    assert [row["target_confidence"] for row in bounded["reconstructions"]] == pytest.approx(
        [row["target_confidence"] for row in unbounded["reconstructions"]], abs=0.01
    )


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_preempted_training_goes_on_to_the_same_bits(
    tmp_path: Path, recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = target_config(tmp_path, Defense.of(BiDOHSIC(lambda_x=0.05, lambda_y=0.5)), **recipe)
    undisturbed, preempted = (new_store(tmp_path, name) for name in ("undisturbed", "preempted"))
    assert train_target(config, undisturbed).status == "done"
    monkeypatch.setenv(CHECKPOINT_VARIABLE, "0")
    save_if_due = Checkpoint.save_if_due

    def fatal(self: Checkpoint, work: Resumable) -> None:
        save_if_due(self, work)
        raise Preempted

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save_if_due", fatal)
        with pytest.raises(Preempted):
            train_target(config, preempted)
    assert train_target(config, preempted).status == "done"
    assert rows(preempted) == rows(undisturbed)
    assert artifacts(preempted) == artifacts(undisturbed)


@pytest.mark.timeout(600)
def test_compiled_networks_find_what_uncompiled_ones_find(tmp_path: Path) -> None:
    torch.compiler.reset()
    target = target_config(tmp_path, Defense())
    store = new_store(tmp_path, "store")
    train_target(target, store)
    found = []
    for compiled in (False, True):
        attack = GMI(iterations=6, restarts=4, micro_batch=16, compile=compiled)
        config = attack_config(target, attack)
        assert run_attack(config, store).status == "done"
        written = store.read_rows("reconstructions", config.piece_id).to_pylist()
        found.append([row["target_confidence"] for row in written])
    assert found[0] == pytest.approx(found[1], abs=0.02)
