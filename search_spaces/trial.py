"""One trial: the configuration of a target and of the attacks on it, and their identities."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.attacks import LOMMAGMI, LOMMAKEDMI, AttackSettings
from search_spaces.canonical import identity
from search_spaces.datasets import DataSettings
from search_spaces.defenses import DefenseSettings
from search_spaces.evaluation import EvaluatorSettings
from search_spaces.generators import GeneratorSettings
from search_spaces.image_quality import ImageQuality
from search_spaces.settings import Settings
from search_spaces.targets import TargetSettings

ControlKind = Literal["none", "permuted_labels", "untrained"]


class TargetConfig(Settings):
    """All that decides the weights of one T."""

    data: DataSettings
    target: TargetSettings
    defense: DefenseSettings
    seed: int
    control: ControlKind = "none"
    threads: int = 1
    """CPU threads of the training: part of the identity, since it changes the order of sums."""

    @property
    def target_id(self) -> str:
        """Identity of T: the hash of this configuration."""
        return identity(self)

    @property
    def config_id(self) -> str:
        """Identity of the configuration without its seed: equal for repetitions with other seeds."""
        return identity(self.model_dump(mode="json", exclude={"seed"}))


class GeneratorConfig(Settings):
    """All that decides the weights of a target-independent generator and its critic."""

    data: DataSettings
    generator: GeneratorSettings
    threads: int = 1

    @property
    def generator_id(self) -> str:
        """Identity of the generator."""
        return identity(self)


class EvaluatorConfig(Settings):
    """All that decides an evaluator and its feature statistics of D_priv."""

    data: DataSettings
    evaluator: EvaluatorSettings
    threads: int = 1

    @property
    def evaluator_id(self) -> str:
        """Identity of the evaluator."""
        return identity(self)


class AttackConfig(Settings):
    """All that decides the reconstructions of one attack on one T, and their judgement."""

    target: TargetConfig
    attack: AttackSettings
    generator: GeneratorSettings
    evaluators: tuple[EvaluatorSettings, ...]
    attacked_classes: Annotated[int, Field(ge=1)] | None = None
    image_quality: ImageQuality = ImageQuality()
    kept_pictures: Annotated[int, Field(ge=1)] = 2000
    """Reconstructions kept as pictures; see ``Setup``."""

    @property
    def attack_id(self) -> str:
        """Identity of the attack on this T."""
        return identity(self)

    @property
    def names_files(self) -> bool:
        """Whether attack or judging read files of weights that the user names."""
        quality = self.image_quality
        students = isinstance(self.attack, LOMMAGMI | LOMMAKEDMI) and self.attack.lomma.student_weights
        return any((quality.inception, quality.lpips_trunk, students))

    @property
    def generator_config(self) -> GeneratorConfig:
        """The generator this attack uses."""
        return GeneratorConfig(data=self.target.data, generator=self.generator, threads=self.target.threads)

    @property
    def evaluator_configs(self) -> tuple[EvaluatorConfig, ...]:
        """The evaluators that judge this attack, the headline one first."""
        return tuple(
            EvaluatorConfig(data=self.target.data, evaluator=evaluator, threads=self.target.threads)
            for evaluator in self.evaluators
        )


class Trial(Settings):
    """One T and the chain of attacks on it."""

    target: TargetConfig
    attacks: tuple[AttackConfig, ...]

    @property
    def trial_id(self) -> str:
        """Identity of the trial: the hash of its target and attacks."""
        return identity(self)
