"""A sweep: a space tied to a setup, and the trials that both make together."""

from pydantic import Field

from search_spaces.canonical import identity
from search_spaces.defenses import DefenseSettings
from search_spaces.settings import Settings
from search_spaces.setups import Setup, with_budget
from search_spaces.space import Space
from search_spaces.targets import FREEZE_UNITS
from search_spaces.trial import AttackConfig, ControlKind, TargetConfig, Trial


class Sweep(Settings):
    """One space run on one setup."""

    space: Space
    setup: Setup
    threads: int = Field(default=1, ge=1)
    """CPU threads of each task; a constant of the sweep, never of the machine, so that bits repeat."""

    @property
    def sweep_id(self) -> str:
        """Identity of the sweep. The number of trials and confirmations is not part of it, so that
        raising them continues the same sweep."""
        plain = self.model_dump(mode="json")
        del plain["space"]["search"]["trials"]
        del plain["space"]["confirmation"]
        del plain["space"]["description"]
        del plain["setup"]["description"]
        return identity(plain)

    @property
    def freeze_units(self) -> int:
        """Number of units of the target's architecture that can be frozen."""
        return FREEZE_UNITS[self.setup.target.architecture]

    def trial(self, defense: DefenseSettings, seed: int, control: ControlKind = "none") -> Trial:
        """Return the trial of ``defense`` with this training seed."""
        target = TargetConfig(
            data=self.setup.data,
            target=self.setup.target,
            defense=defense,
            seed=seed,
            control=control,
            threads=self.threads,
        )
        attacks = tuple(
            AttackConfig(
                target=target,
                attack=with_budget(attack, self.setup),
                generator=self.setup.generator,
                evaluators=self.setup.evaluators,
                attacked_classes=self.space.attacked_classes,
            )
            for attack in self.space.attacks
        )
        return Trial(target=target, attacks=attacks)
