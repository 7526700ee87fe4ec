"""Files and pictures of the user are pinned by their content when a sweep starts, all of them here."""

from search_spaces import Setup, Space, Sweep
from search_spaces.files import pin
from search_spaces.pretraining import Pretraining, StartingWeights
from search_spaces.space import PerTarget
from search_spaces.variants import with_pretrained
from trainables.datasets import pin_data


def pin_sweep(space: Space, setup: Setup, threads: int = 1) -> Sweep:
    """Return the sweep of ``space`` on ``setup``, every file that it uses with absolute path and hash.

    Raises ``InvalidSpace`` for files that are missing or not the ones meant, and the errors of the data for
    folders that cannot be used.
    """
    setup = pin_setup(setup)
    return Sweep(space=_pin_space(space, setup.target.architecture), setup=setup, threads=threads)


def pin_setup(setup: Setup) -> Setup:
    """Return ``setup`` with its pictures and files pinned; raises as ``pin_sweep`` does."""
    data = pin_data(setup.data)
    own = setup if data == setup.data else setup.model_copy(update={"data": data})
    start = _pin_pretraining(setup.target.pretrained)
    if start is not setup.target.pretrained:
        own = own.model_copy(update={"target": with_pretrained(own.target, start)})
    return pin(own, f"setup {setup.name}")


def _pin_pretraining(start: StartingWeights) -> StartingWeights:
    """Return what T starts from with the pictures of a pre-training pinned; the same object without any."""
    if not isinstance(start, Pretraining) or start.data is None:
        return start
    data = pin_data(start.data)
    return start if data == start.data else start.model_copy(update={"data": data})


def _pin_space(space: Space, architecture: str) -> Space:
    """Pin what a T of ``architecture`` uses: files listed for others need not be there."""
    own = {
        name: _with_pinned_pretrainings(part)
        for name, part in space.per_target.items()
        if name == architecture
    }
    pinned = pin(space.model_copy(update={"per_target": own}), f"space {space.name}")
    return pinned.model_copy(update={"per_target": {**space.per_target, **pinned.per_target}})


def _with_pinned_pretrainings(own: PerTarget) -> PerTarget:
    pinned = tuple(_pin_pretraining(start) for start in own.pretrained)
    return own if pinned == own.pretrained else own.model_copy(update={"pretrained": pinned})
