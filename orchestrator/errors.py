"""What can end a sweep, and the exit code that the command returns for it."""

from enum import IntEnum
from typing import ClassVar

from results.errors import StoreUnreachable


class ExitCode(IntEnum):
    """Exit codes of ``tldmi-sweep``."""

    DONE = 0
    UNEXPECTED = 1
    INVALID = 2
    FAILED_TRIALS = 3
    STOPPED = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


class SweepError(Exception):
    """A sweep cannot start or go on; ``exit_code`` is what the command returns."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED


class InvalidRequest(SweepError, ValueError):
    """Options, settings or data that cannot be used; nothing was started."""

    exit_code = ExitCode.INVALID


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM); the same command resumes the sweep.

    A ``KeyboardInterrupt``, so that no library on the way takes it for an error of its own.
    """


class Unreachable(SweepError):
    """The store or the cluster cannot be reached or used now."""

    exit_code = ExitCode.UNREACHABLE


class SweepInUse(Unreachable):
    """Another process runs the same sweep on the same store."""


OWN_PACKAGES = frozenset({"orchestrator", "results", "search_spaces", "trainables"})


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code for ``error``.

    Our own errors about what the user gave derive from ``ValueError``; a plain ``ValueError`` from elsewhere
    is a defect and is not blamed on the user.

    >>> exit_code(KeyboardInterrupt()), exit_code(ValueError())
    (<ExitCode.INTERRUPTED: 130>, <ExitCode.UNEXPECTED: 1>)
    """
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.STOPPED if isinstance(error, Terminated) else ExitCode.INTERRUPTED
    if isinstance(error, SweepError):
        return error.exit_code
    if isinstance(error, StoreUnreachable):
        return ExitCode.UNREACHABLE
    ours = type(error).__module__.partition(".")[0] in OWN_PACKAGES
    return ExitCode.INVALID if ours and isinstance(error, ValueError) else ExitCode.UNEXPECTED
