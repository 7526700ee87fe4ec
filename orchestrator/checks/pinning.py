"""Files and pictures of the user are pinned by their content when a sweep starts, all of them here."""

from search_spaces import Setup, Space, Sweep
from search_spaces.files import pin
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
    return pin(own, f"setup {setup.name}")


def _pin_space(space: Space, architecture: str) -> Space:
    """Pin what a T of ``architecture`` uses: files listed for others need not be there."""
    own = {name: part for name, part in space.per_target.items() if name == architecture}
    pinned = pin(space.model_copy(update={"per_target": own}), f"space {space.name}")
    return pinned.model_copy(update={"per_target": {**space.per_target, **pinned.per_target}})
