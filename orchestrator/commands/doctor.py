"""``tldmi-sweep doctor``: what is installed, fetched and writable."""

import click

from orchestrator.commands.options import as_json, print_json, store_argument
from orchestrator.errors import ExitCode
from orchestrator.selection import RUNS, plugin_option


@click.command()
@store_argument
@plugin_option(expose_value=False)
@as_json
def doctor(store: str | None, as_json: bool) -> None:
    """List the targets, defences, attacks and data, and show what is installed on this machine."""
    from orchestrator.doctor import diagnose
    from orchestrator.screens.tables import console, diagnosis_table

    diagnosis = diagnose(store or str(RUNS))
    if as_json:
        from orchestrator.documents.doctor import DoctorDocument

        print_json(DoctorDocument.model_validate(diagnosis, from_attributes=True))
    else:
        console().print(diagnosis_table(diagnosis))
    click.get_current_context().exit(ExitCode.DONE if diagnosis.healthy else ExitCode.UNREACHABLE)
