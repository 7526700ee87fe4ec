"""What unfinished work has done so far, kept in the store: a step that is preempted goes on where it was.

A checkpoint holds all that changes in the work, so going on computes the same bits as never having stopped.
It is no result: nothing of it enters an identity or a row, and it is removed once the row is written.
"""

import json
import math
import os
import time
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from results.errors import PathMissing, StoreError
from results.stores.store import Store
from trainables.storage.artifacts import ArtifactCorrupt, Tensors, load_tensors, save_tensors

CHECKPOINT_VARIABLE = "TLDMI_SWEEP_CHECKPOINT_SECONDS"
"""Environment variable: seconds of work between two checkpoints; 0: every epoch; ``inf``: none are kept."""

INTERVAL = 30.0
"""Seconds of work between two checkpoints where the variable is not set."""

SHARE = 20
"""Work goes on for at least so many times as long as the last checkpoint took to write."""

FORMAT = 2
"""Raised whenever a state changes its layout; a checkpoint of another format is not used."""

FOLDER = "artifacts/checkpoints"
ABOUT = "about"


class CheckpointUnusable(UserWarning):
    """A checkpoint could not be read, or not be written; the work does without."""


class Resumable(Protocol):
    """Work whose state can be taken between two of its steps."""

    def state(self) -> Tensors:
        """Return all that the work has changed so far."""

    def restore(self, state: Tensors) -> None:
        """Go on from ``state``, which another run of the same work has returned."""


class Progress(Protocol):
    """Where work says that it could be taken up again from here."""

    def resume(self, work: Resumable) -> None:
        """Restore the state of ``work`` that was kept, if there is one."""

    def save_if_due(self, work: Resumable) -> None:
        """Keep the state of ``work`` if the last one is old enough."""


class NothingKept:
    """The progress of work that is not kept."""

    def resume(self, work: Resumable) -> None:
        """Leave ``work`` at its start."""

    def save_if_due(self, work: Resumable) -> None:
        """Keep nothing."""


NOTHING_KEPT = NothingKept()


class Checkpoint:
    """The last state of one piece of work, under ``name`` in the store.

    ``depends_on`` says what the work depends on beside its name; a state of anything else is not used. A
    checkpoint that cannot be used, or not be written, costs a warning (``CheckpointUnusable``) and the work
    done so far, never the step. Raises ``ValueError`` for an interval that is no number of seconds.
    """

    def __init__(self, store: Store, name: str, depends_on: Mapping[str, str]) -> None:
        self._store = store
        self._path = f"{FOLDER}/{name}.safetensors"
        self._depends_on = {**depends_on, "torch": torch.__version__, "format": FORMAT}
        self._interval = self._pause = interval_seconds()
        self._started = self._last = time.monotonic()
        self.seconds_before = 0.0
        """Wall time that earlier runs had spent when their last state was kept."""

    def resume(self, work: Resumable) -> None:
        """Restore the kept state of ``work``, if there is a usable one; its time counts from here."""
        self._started = self._last = time.monotonic()
        if math.isinf(self._interval) or not self._store.exists(self._path):
            return
        try:
            state = load_tensors(self._store, self._path)
            about = json_value(state.pop(ABOUT))
        except (ArtifactCorrupt, PathMissing, KeyError, ValueError) as error:
            self._warn(f"cannot be read ({error})")
            return
        if about["depends_on"] != self._depends_on:
            self._warn("belongs to other data, weights or versions")
            return
        work.restore(state)
        self.seconds_before = about["seconds"]

    def save_if_due(self, work: Resumable) -> None:
        """Write the state of ``work`` if the last one is ``INTERVAL`` seconds old, and writing it pays."""
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        about = {"depends_on": self._depends_on, "seconds": self.seconds_before + now - self._started}
        try:
            save_tensors(self._store, self._path, {**work.state(), ABOUT: json_tensor(about)})
        except StoreError as error:
            self._warn(f"cannot be written ({error})")
        self._last = time.monotonic()
        self._pause = max(self._interval, SHARE * (self._last - now)) if self._interval else 0.0

    def _warn(self, problem: str) -> None:
        warnings.warn(
            f"the checkpoint {self._path} in {self._store.uri} {problem}; the work continues without it",
            CheckpointUnusable,
            stacklevel=3,
        )


def remove_checkpoints(store: Store, name: str) -> None:
    """Remove every checkpoint whose name begins with ``name``: the work has its row."""
    for path in store.list_paths(f"{FOLDER}/{name}"):
        store.delete(path)


def interval_seconds() -> float:
    """Return the seconds of work between two checkpoints: ``$TLDMI_SWEEP_CHECKPOINT_SECONDS`` or 30.

    Raises ``ValueError`` when the variable is no number of seconds.
    """
    text = os.environ.get(CHECKPOINT_VARIABLE)
    try:
        seconds = INTERVAL if text is None else float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise ValueError(f"{CHECKPOINT_VARIABLE}={text}: give seconds, 0 or more, or inf for no checkpoints")
    return seconds


def json_tensor(value: Any) -> Tensor:  # noqa: ANN401  (plain JSON)
    """Return plain ``value`` as the uint8 tensor of its JSON; numbers come back with the same bits.

    >>> json_value(json_tensor({"best": 0.1, "epoch": None}))
    {'best': 0.1, 'epoch': None}
    """
    return torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)


def json_value(tensor: Tensor) -> Any:  # noqa: ANN401  (plain JSON)
    """Return the value whose ``json_tensor`` this is. Raises ``ValueError`` for other tensors."""
    return json.loads(bytes(tensor.tolist()))


def strip_prefix(state: Tensors, prefix: str) -> Tensors:
    """Return the tensors of ``state`` under ``prefix.``, without it.

    >>> strip_prefix({"model.a": torch.zeros(1), "order": torch.zeros(2)}, "model")
    {'a': tensor([0.])}
    """
    whole = f"{prefix}."
    return {name.removeprefix(whole): tensor for name, tensor in state.items() if name.startswith(whole)}


def add_prefix(prefix: str, state: Mapping[str, Tensor]) -> Tensors:
    """Return ``state`` with ``prefix.`` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in state.items()}


def restore_stream(stream: torch.Generator, state: Tensor) -> None:
    """Put ``stream`` where it was when ``get_state`` gave ``state``."""
    stream.set_state(state.clone())  # torch reads it as a struct: a view into a file crashes


def optimizer_state(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return what ``optimizer`` remembers of each of its parameters, by their positions."""
    return {
        f"{position}.{name}": value
        for position, parameter in enumerate(_parameters(optimizer))
        for name, value in optimizer.state.get(parameter, {}).items()
        if isinstance(value, Tensor)  # SGD without momentum remembers that it has none
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, state: Tensors) -> None:
    """Give ``optimizer`` back what ``optimizer_state`` returned, in the layout of its parameters."""
    for position, parameter in enumerate(_parameters(optimizer)):
        kept = strip_prefix(state, str(position))
        if kept:
            optimizer.state[parameter] = {name: _laid_out(value, parameter) for name, value in kept.items()}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _laid_out(value: Tensor, parameter: Tensor) -> Tensor:
    """Return ``value`` as ``parameter`` lies in memory; a count of steps stays where it is."""
    if value.shape != parameter.shape:
        return value.clone()
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
