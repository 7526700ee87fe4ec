"""Everything that can be refused before work starts, so that nothing is left half-written."""

import shutil
from pathlib import Path
from typing import TypeGuard

from pydantic import ValidationError

from orchestrator.errors import InvalidRequest
from orchestrator.suggest import check_space
from results.store import local_path
from search_spaces import InvalidSpace, Setup, Sweep
from search_spaces.datasets import DataSettings, DrawnPersons, ImageFolder, ORLFaces
from search_spaces.defenses import NoDef
from search_spaces.evaluation import KnownAttributes

FREE_BYTES = 100 * 2**20
"""Free space without which no sweep is started: some hundred weights and pictures."""


def pinned_setup(setup: Setup) -> Setup:
    """Return ``setup`` with the user's files pinned: absolute paths and the hash of the pictures.

    Raises ``InvalidImageFolder`` for folders or pictures that cannot be used.
    """
    data = setup.data
    if isinstance(data, ImageFolder):
        from trainables.datasets.image_folder_files import content_of

        data = data.model_copy(update={"private": data.private.absolute(), "public": data.public.absolute()})
        data = data.model_copy(update={"content": data.content or content_of(data)})
    target = setup.target
    if _is_file_of_weights(target.pretrained):
        target = target.model_copy(update={"pretrained": str(Path(target.pretrained).absolute())})
    return setup.model_copy(update={"data": data, "target": target})


def check_sweep(sweep: Sweep) -> None:
    """Raise an error that says what to change unless every trial of ``sweep`` can run, as far as can be seen.

    Raises ``InvalidSpace`` for ranges and settings, ``InvalidRequest`` for data that do not suit them, and
    the data's own errors.
    """
    from trainables.datasets import check_data

    check_space(sweep.space, sweep.freeze_units)
    check_data(sweep.setup.data)
    _check_classes(sweep)
    _check_evaluators(sweep.setup)
    _check_pretrained(sweep.setup)
    try:
        sweep.trial(NoDef(), sweep.space.seed)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise InvalidSpace("\n".join([f"attack_budgets of setup {sweep.setup.name}:", *lines])) from error


def check_free_space(store_uri: str) -> None:
    """Raise ``InvalidRequest`` when the disk of a local store is nearly full."""
    folder = Path(local_path(store_uri)).expanduser().absolute()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    total, _, free = shutil.disk_usage(existing)
    if total and free < FREE_BYTES:  # a total of 0 is no disk at all: that it cannot be written shows later
        raise InvalidRequest(
            f"no disk space for the store {store_uri}: {free / 2**20:.0f} MiB are free on its disk, "
            f"{FREE_BYTES / 2**20:.0f} are needed; free some or name another folder with --store"
        )


def private_classes(data: DataSettings) -> int:
    """Return the number of private classes of ``data``."""
    match data:
        case ORLFaces() | DrawnPersons():
            return data.private_people
        case ImageFolder():
            from trainables.datasets.image_folder_files import listed

            return len(listed(data).private)


def _check_classes(sweep: Sweep) -> None:
    attacked, classes = sweep.space.attacked_classes, private_classes(sweep.setup.data)
    if attacked is not None and attacked > classes:
        raise InvalidRequest(
            f"space {sweep.space.name}: attacked_classes is {attacked}, but the data have only {classes} "
            f"private classes; give at most {classes}, or leave it out to attack all"
        )


def _is_file_of_weights(pretrained: str | None) -> TypeGuard[str]:
    return pretrained is not None and pretrained.endswith(".safetensors")


def _check_pretrained(setup: Setup) -> None:
    pretrained = setup.target.pretrained
    if _is_file_of_weights(pretrained) and not Path(pretrained).is_file():
        raise InvalidRequest(f"setup {setup.name}: target.pretrained: there is no file {pretrained}")


def _check_evaluators(setup: Setup) -> None:
    kinds = {evaluator.kind for evaluator in setup.evaluators}
    if KnownAttributes().kind in kinds and not isinstance(setup.data, DrawnPersons):
        raise InvalidRequest(
            f"setup {setup.name}: the evaluator known_attributes reads attributes of drawn persons; "
            f"data of kind {setup.data.kind} have none: use face_embedding or trained_classifier"
        )
