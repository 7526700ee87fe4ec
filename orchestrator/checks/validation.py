"""Whether a space file can be run: every error of it at once, each with its line."""

from dataclasses import dataclass

from orchestrator.checks.space_checks import check_space
from orchestrator.search.fixed_trials import search_trials
from search_spaces import InvalidSpace, Setup, Space, Sweep, load_setup, load_space
from search_spaces.loading import read_text
from search_spaces.setting_errors import SettingError


@dataclass(frozen=True)
class Validation:
    """What is wrong with a space file, or how many trials it comes to."""

    file: str
    valid: bool
    message: str
    """``valid``, or every error in one text."""
    errors: tuple[SettingError, ...] = ()
    trials: int | None = None
    setup: str | None = None


def validate_file(file: str, data: str | None = None) -> Validation:
    """Return whether the space in ``file`` suits the setup ``data``, its own without one.

    Raises ``InvalidSpace`` for a setup that cannot be used.
    """
    given = load_setup(data) if data else None
    try:
        space = load_space(file)
        sweep = _checked(file, space, given or load_setup(space.setup))
    except InvalidSpace as error:
        return Validation(file, False, str(error), error.errors or (SettingError("", str(error)),))
    return Validation(file, True, "valid", trials=search_trials(sweep), setup=sweep.setup.name)


def _checked(file: str, space: Space, setup: Setup) -> Sweep:
    sweep = Sweep(space=space, setup=setup)
    try:
        check_space(sweep)
    except InvalidSpace as error:
        raise error.with_lines(read_text(file, "spaces")[0]) from error
    return sweep
