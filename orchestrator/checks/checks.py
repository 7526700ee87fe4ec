"""Everything that can be refused before work starts, so that nothing is left half-written."""

import shutil
from pathlib import Path

from pydantic import ValidationError

from orchestrator.checks.pretraining import check_pretrainings
from orchestrator.checks.space_checks import check_space
from orchestrator.checks.weight_files import check_fit
from orchestrator.errors import InvalidRequest
from results.stores.address import StoreAddress
from search_spaces import InvalidSpace, Setup, Sweep, Trial
from search_spaces.datasets import SetSettings
from search_spaces.defenses import Defense
from search_spaces.plugins import loaded_plugins
from search_spaces.setting_errors import setting_errors
from trainables.datasets import check_data, private_classes
from trainables.implementations import NotImplementedKind, implementation_of

FREE_BYTES = 100 * 2**20
"""Free space without which no sweep is started: some hundred weights and pictures."""


def check_sweep(sweep: Sweep) -> None:
    """Raise an error that says what to change unless every trial of ``sweep`` can run, as far as can be seen.

    Raises ``InvalidSpace`` for ranges and settings, ``InvalidRequest`` for data that do not suit them, and
    the data's own errors.
    """
    check_plugins()
    check_space(sweep)
    check_data(sweep.setup.data)
    _check_size(sweep.setup)
    _check_classes(sweep)
    _check_evaluators(sweep.setup)
    check_fit(sweep)
    check_pretrainings(sweep)
    try:
        trial = sweep.trial(Defense(), sweep.space.seed)
    except ValidationError as error:
        budgets = f"attack_budgets of setup {sweep.setup.name}:"
        raise InvalidSpace(budgets, setting_errors(error)) from error
    _check_priors(trial)
    _check_files_of_attacks(trial)


def check_plugins() -> None:
    """Raise ``InvalidRequest`` when a plugin defines settings that nothing implements."""
    for plugin in loaded_plugins():
        for _, cls in plugin.classes():
            if issubclass(cls, SetSettings):  # its module is what reads a set of the literature
                continue
            try:
                implementation_of(cls)
            except NotImplementedKind as error:
                raise InvalidRequest(f"plugin {plugin.source.path}: {error}") from error


def check_free_space(store_uri: str) -> None:
    """Raise ``InvalidRequest`` when the disk of a local store is nearly full; a bucket has no end."""
    given = StoreAddress.parse(store_uri).folder
    if given is None:
        return
    folder = given.expanduser().absolute()
    existing = next(place for place in (folder, *folder.parents) if _is_there(place))
    total, _, free = shutil.disk_usage(existing)
    if total and free < FREE_BYTES:  # a total of 0 is no disk at all: that it cannot be written shows later
        raise InvalidRequest(
            f"no disk space for the store {store_uri}: {free / 2**20:.0f} MiB are free on its disk, "
            f"{FREE_BYTES / 2**20:.0f} are needed; free some or name another folder with --store"
        )


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # not to be looked into: the store says so when it is opened
        return False


def _check_size(setup: Setup) -> None:
    if reason := setup.target.network.side_error(setup.data.side):
        raise InvalidRequest(f"setup {setup.name}: {reason}; change data.resolution or target.architecture")


def _check_classes(sweep: Sweep) -> None:
    attacked, classes = sweep.attacked_classes, private_classes(sweep.setup.data)
    if attacked is not None and attacked > classes:
        raise InvalidRequest(
            f"space {sweep.space.name}: attacked_classes is {attacked}, but the data have only {classes} "
            f"private classes; give at most {classes}, or leave it out to attack all"
        )


def _check_priors(trial: Trial) -> None:
    """Refuse priors that cannot make their pictures, and attacks that cannot use theirs."""
    for config in trial.attacks:
        side = config.target.data.side
        if reason := config.prior.resolution_error(side) or config.attack.prior_error(config.prior, side):
            raise InvalidRequest(f"priors.{config.attack.prior}: {reason}")


def _check_files_of_attacks(trial: Trial) -> None:
    """Build networks, which imports torch, only for attacks that name files."""
    if any(attack.names_files for attack in trial.attacks):
        from trainables.attack import check_files

        check_files(trial.attacks)


def _check_evaluators(setup: Setup) -> None:
    for evaluator in setup.evaluators:
        if reason := evaluator.data_error(setup.data):
            raise InvalidRequest(f"setup {setup.name}: {reason}")
