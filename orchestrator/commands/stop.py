"""``tldmi-sweep stop`` and ``cancel``: end a sweep that runs elsewhere, by a request to its driver."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from orchestrator.commands.options import as_json, print_json, store_argument, wait_option, which_sweep
from orchestrator.errors import InvalidRequest
from orchestrator.selection import chosen_store

if TYPE_CHECKING:
    from orchestrator.driver.requests import Verb
    from results import Store

POLL_SECONDS = 0.5


def names_a_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which run is to end."""
    for option in (as_json, wait_option, which_sweep, store_argument):
        function = option(function)
    return function


@click.command()
@names_a_run
def stop(store: str | None, sweep: str | None, wait: bool, as_json: bool) -> None:
    """End a sweep after its running trials; the command that started the sweep resumes it.

    Works from any machine that reaches the store. The driver ends with exit code 4.
    """
    _end("stop", store, sweep, wait, as_json)


@click.command()
@names_a_run
def cancel(store: str | None, sweep: str | None, wait: bool, as_json: bool) -> None:
    """End a sweep now, in the middle of its running trials; the command that started the sweep resumes it.

    Works from any machine that reaches the store. The driver ends with exit code 4.
    """
    _end("cancel", store, sweep, wait, as_json)


def _end(verb: "Verb", store: str | None, sweep: str | None, wait: bool, as_json: bool) -> None:
    """Ask the driver of a sweep to end, and say whom; ``wait`` until it has ended.

    Raises ``InvalidRequest`` when nobody runs the sweep.
    """
    from orchestrator.driver.requests import ask_to_end
    from orchestrator.locks import sweep_holder
    from results import open_store

    opened = open_store(chosen_store(store))
    sweep_id, holder = _running(opened, sweep, verb)
    ask_to_end(opened, sweep_id, verb, str(holder["run"]))
    while wait and (sweep_holder(opened.address, sweep_id) or {}).get("run") == holder["run"]:
        time.sleep(POLL_SECONDS)
    if as_json:
        from orchestrator.documents.stop import AskedDocument, DriverDocument

        driver = DriverDocument.of(holder)
        print_json(AskedDocument(sweep_id=sweep_id, store=opened.uri, asked=verb, driver=driver, ended=wait))
        return
    after = "after its running trials" if verb == "stop" else "now"
    state = "has ended" if wait else f"was asked to end {after}"
    click.echo(f"process {holder.get('pid')} on {holder.get('host')}, which runs sweep {sweep_id}, {state}")


def _running(store: "Store", sweep: str | None, verb: "Verb") -> tuple[str, dict[str, Any]]:
    """Return the sweep that is meant, without an id the one that runs, and what its driver wrote."""
    from orchestrator.locks import sweep_holder
    from results.sweeps.record import chosen_sweep, recorded_sweeps

    known = recorded_sweeps(store) if sweep is None else [chosen_sweep(store, sweep)]
    holders = {
        candidate: holder
        for candidate in known
        if (holder := sweep_holder(store.address, candidate)) and "run" in holder
    }
    if len(holders) > 1:
        raise InvalidRequest(
            f"several sweeps run on {store.uri}: name one with --sweep: {', '.join(holders)}"
        )
    for sweep_id, holder in holders.items():
        return sweep_id, holder
    which = f"sweep {known[0]}" if sweep else "a sweep"
    raise InvalidRequest(f"nothing to {verb}: no driver runs {which} on {store.uri}")
