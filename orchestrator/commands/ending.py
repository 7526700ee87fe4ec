"""What ``stop`` and ``cancel`` share: finding the driver of a sweep and leaving it a request."""

import time
from typing import Any

import click

from orchestrator.commands.options import print_json
from orchestrator.driver.requests import Verb, ask_to_end
from orchestrator.errors import InvalidRequest
from orchestrator.locks import sweep_holder
from orchestrator.selection import chosen_store
from results import Store, open_store
from results.sweeps.record import chosen_sweep, recorded_sweeps

POLL_SECONDS = 0.5


def end_run(verb: Verb, store: str | None, sweep: str | None, wait: bool, as_json: bool) -> None:
    """Ask the driver of a sweep to end, and say whom; ``wait`` until it has ended.

    Raises ``InvalidRequest`` when nobody runs the sweep.
    """
    opened = open_store(chosen_store(store))
    sweep_id, holder = _running(opened, sweep, verb)
    ask_to_end(opened, sweep_id, verb, str(holder["run"]))
    while wait and (sweep_holder(opened.uri, sweep_id) or {}).get("run") == holder["run"]:
        time.sleep(POLL_SECONDS)
    if as_json:
        asked = {"pid": holder.get("pid"), "host": holder.get("host")}
        print_json({"sweep_id": sweep_id, "store": opened.uri, "asked": verb, "driver": asked, "ended": wait})
        return
    after = "after its running trials" if verb == "stop" else "now"
    state = "has ended" if wait else f"was asked to end {after}"
    click.echo(f"process {holder.get('pid')} on {holder.get('host')}, which runs sweep {sweep_id}, {state}")


def _running(store: Store, sweep: str | None, verb: Verb) -> tuple[str, dict[str, Any]]:
    """Return the sweep that is meant, without an id the one that runs, and what its driver wrote."""
    known = recorded_sweeps(store) if sweep is None else [chosen_sweep(store, sweep)]
    holders = {one: holder for one in known if (holder := sweep_holder(store.uri, one)) and "run" in holder}
    if len(holders) > 1:
        raise InvalidRequest(
            f"several sweeps run on {store.uri}: name one with --sweep: {', '.join(holders)}"
        )
    for sweep_id, holder in holders.items():
        return sweep_id, holder
    which = f"sweep {known[0]}" if sweep else "a sweep"
    raise InvalidRequest(f"nothing to {verb}: nobody runs {which} on {store.uri}")
