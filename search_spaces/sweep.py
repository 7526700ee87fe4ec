"""A sweep: a space tied to a setup, and the trials that both make together."""

from pydantic import Field

from search_spaces.attacks import AttackSettings
from search_spaces.canonical import identity, identity_values
from search_spaces.defenses import Defense
from search_spaces.pieces import ControlKind, PretrainingConfig, TargetConfig
from search_spaces.pretraining import Pretraining
from search_spaces.settings import Settings
from search_spaces.setups import Setup, with_budget
from search_spaces.space import PerTarget, Space
from search_spaces.targets import TargetSettings
from search_spaces.trial import AttackConfig, Trial
from search_spaces.variants import with_pretrained, with_recipe


class Sweep(Settings):
    """One space run on one setup."""

    space: Space
    setup: Setup
    threads: int = Field(default=1, ge=1)
    """CPU threads of each task; a constant of the sweep, never of the machine, so that bits repeat."""

    @property
    def sweep_id(self) -> str:
        """Identity of the sweep. The number of trials and confirmations is not part of it, so that
        raising them continues the same sweep; nor is what the space says about other architectures."""
        plain = identity_values(self)
        plain["space"]["per_target"] = identity_values(self.own)
        del plain["space"]["search"]["trials"]
        del plain["space"]["confirmation"]
        del plain["space"]["description"]
        del plain["setup"]["description"]
        for group in ("space", "setup"):  # the settings that a plugin defines hold its hash
            plain[group].pop("plugins", None)
        return identity(plain)

    @property
    def freeze_units(self) -> int:
        """Number of units of the target's architecture that can be frozen."""
        return self.setup.target.network.units

    @property
    def own(self) -> PerTarget:
        """What the space says about the architecture of this setup."""
        return self.space.per_target.get(self.setup.target.architecture, PerTarget())

    @property
    def anchors(self) -> tuple[Defense, ...]:
        """Configurations tried right after No-Def: the space's own, then those of the architecture."""
        return (*self.space.anchors, *self.own.anchors)

    @property
    def targets(self) -> tuple[TargetSettings, ...]:
        """T under each of the D_pretrain weights to try, that of the setup when none are listed."""
        target = self.setup.target
        return tuple(with_pretrained(target, weights) for weights in self.own.pretrained) or (target,)

    @property
    def attacked_classes(self) -> int | None:
        """Number of private classes attacked; nothing: all."""
        return self.space.attacked_classes or self.setup.attacked_classes

    @property
    def attacks(self) -> tuple[AttackSettings, ...]:
        """The attacks of the space with the budgets of the setup.

        Raises ``pydantic.ValidationError`` when a budget does not fit its attack.
        """
        return tuple(with_budget(attack, self.setup) for attack in self.space.attacks)

    def trial(
        self,
        defense: Defense,
        seed: int,
        control: ControlKind = "none",
        target: TargetSettings | None = None,
    ) -> Trial:
        """Return the trial of ``defense`` with this training seed, on the first of ``targets`` or on another.

        The recipe is that of the defence where the space names one.
        """
        settings, data = target or self.targets[0], self.setup.data
        start = settings.pretrained
        config = TargetConfig(
            data=data,
            target=with_recipe(settings, self.own.recipes.get(defense.kind)),
            defense=defense,
            seed=seed,
            control=control,
            threads=self.threads,
            pretraining=(
                PretrainingConfig.of(start, settings, data, self.threads)
                if isinstance(start, Pretraining)
                else None
            ),
        )
        attacks = tuple(
            AttackConfig(
                target=config,
                attack=attack,
                prior=self.setup.prior_of(attack),
                evaluators=self.setup.evaluators,
                attacked_classes=self.attacked_classes,
                image_quality=self.setup.image_quality,
                kept_pictures=self.setup.kept_pictures,
            )
            for attack in self.attacks
        )
        return Trial(target=config, attacks=attacks)
