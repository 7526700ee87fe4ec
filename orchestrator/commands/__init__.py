"""The commands of ``tldmi-sweep``, one file each. Heavy packages are imported when a command runs."""

import click

from orchestrator.commands.cancel import cancel
from orchestrator.commands.cluster import cluster
from orchestrator.commands.compare import compare
from orchestrator.commands.completion import completion
from orchestrator.commands.convert import convert
from orchestrator.commands.doctor import doctor
from orchestrator.commands.export import export, report
from orchestrator.commands.gc import gc
from orchestrator.commands.logs import logs
from orchestrator.commands.plan import plan
from orchestrator.commands.retry import retry
from orchestrator.commands.run import run
from orchestrator.commands.schema import schema
from orchestrator.commands.spaces import spaces
from orchestrator.commands.status import status
from orchestrator.commands.stop import stop
from orchestrator.commands.trials import trials

COMMANDS: tuple[click.Command, ...] = (
    run,
    plan,
    status,
    trials,
    logs,
    stop,
    cancel,
    retry,
    report,
    export,
    compare,
    spaces,
    gc,
    doctor,
    convert,
    schema,
    completion,
    cluster,
)

__all__ = ["COMMANDS"]
