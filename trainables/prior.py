"""The step that trains the attacker's prior, once for all targets, and the way back from the store."""

from results.stores.store import Store
from search_spaces import PriorConfig
from trainables.build import StepOutcome, builds
from trainables.datasets import load_data
from trainables.generators import Prior, prior_tensors, restore_prior, train_prior
from trainables.tensor_pieces import build_tensors, load_built


@builds(PriorConfig)
def build_prior(config: PriorConfig, store: Store) -> StepOutcome:
    """Train the prior (generator and critic) of ``config`` and write it to the store.

    Returns at once when it is there; a corrupt one is trained again. Weights that are not finite become a
    failed row. Raises the store's errors, ``OutOfMemory``, and ``ValueError`` for data or settings that
    cannot be used.
    """
    return build_tensors(
        config,
        store,
        lambda: prior_tensors(train_prior(config, load_data(config.data))),
        lower="the prior's batch_size",
    )


def load_prior(config: PriorConfig, store: Store) -> Prior:
    """Return the prior of ``config`` on the device of all steps; trains it first when the store lacks it.

    Raises ``StepFailed`` when its training diverges.
    """
    return restore_prior(config, load_data(config.data), load_built(config, store))
