"""Every shipped kind of piece keeps to the contract."""

from pathlib import Path

from search_spaces import AttackConfig, EvaluatorConfig, Piece, PretrainingConfig, PriorConfig, TargetConfig
from search_spaces.attacks import (
    GMI,
    KEDMI,
    LOMMA,
    LOMMAGMI,
    AttackSettings,
    FeatureMeanConfig,
    InversionGANConfig,
    InversionGenerator,
    StudentConfig,
)
from search_spaces.defenses import Defense
from search_spaces.evaluation import TrainedClassifier
from search_spaces.pieces import PIECES
from search_spaces.pretraining import Pretraining
from search_spaces.priors import WGANGP
from search_spaces.targets import TargetSettings
from tests.contracts.piece_contract import PieceContract
from tldmi_sweep.testing.tiny_data import tiny_image_folder

PRIOR = WGANGP(z_dim=8, width=4, critic_width=4, generator_steps=1, batch_size=8)
JUDGE = TrainedClassifier(epochs=1, width=4)
GAN = InversionGenerator(
    start="prior", critic_width=4, generator_steps=1, critic_steps_per_generator_step=1, batch_size=8
)


def target(folder: Path) -> TargetConfig:
    """Return the smallest T."""
    return TargetConfig(
        data=tiny_image_folder(folder / "faces", 3, resolution=32),
        target=TargetSettings(architecture="small_vgg", epochs=1, batch_size=8, optimizer="adam"),
        defense=Defense(),
        seed=0,
    )


def attack(folder: Path, settings: AttackSettings) -> AttackConfig:
    """Return an attack on it."""
    return AttackConfig(target=target(folder), attack=settings, prior=PRIOR, evaluators=(JUDGE,))


def only(config: AttackConfig, kind: str) -> Piece:
    """Return the one piece of T of this kind that the attack uses."""
    (piece,) = (piece for piece in config.target_pieces if piece.kind == kind)
    return piece


class TestTarget(PieceContract):
    def piece(self, folder: Path) -> TargetConfig:
        return target(folder)


class TestPretraining(PieceContract):
    def piece(self, folder: Path) -> PretrainingConfig:
        own = target(folder)
        return PretrainingConfig.of(Pretraining(name="public pictures"), own.target, own.data, 1)


class TestPrior(PieceContract):
    def piece(self, folder: Path) -> PriorConfig:
        return attack(folder, GMI()).prior_config


class TestEvaluator(PieceContract):
    def piece(self, folder: Path) -> EvaluatorConfig:
        return attack(folder, GMI()).evaluator_configs[0]


class TestInversionGAN(PieceContract):
    def piece(self, folder: Path) -> Piece:
        return only(attack(folder, KEDMI(generator=GAN)), "inversion_gan")


class TestStudent(PieceContract):
    def piece(self, folder: Path) -> Piece:
        lomma = LOMMA(students=("small",), student_epochs=1, student_batch_size=8)
        return only(attack(folder, LOMMAGMI(lomma=lomma)), "student")


class TestFeatureMean(PieceContract):
    def piece(self, folder: Path) -> Piece:
        return only(attack(folder, LOMMAGMI(lomma=LOMMA(students=()))), "feature_mean")


class TestAttack(PieceContract):
    def piece(self, folder: Path) -> AttackConfig:
        return attack(folder, GMI(iterations=1, restarts=1))


def test_every_kind_has_a_test_here() -> None:
    tested = {PretrainingConfig, TargetConfig, PriorConfig, EvaluatorConfig, AttackConfig}
    tested |= {InversionGANConfig, StudentConfig, FeatureMeanConfig}
    assert {cls for cls in PIECES if cls.plugin_hash is None and "test" not in cls.__module__} == tested
