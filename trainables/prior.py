"""The step that trains the attacker's prior, once for all targets, and the way back from the store."""

from results.stores.store import Store, open_store
from search_spaces import PriorConfig
from trainables.datasets import load_data
from trainables.generators import Prior, prior_from_tensors, prior_tensors, train_prior
from trainables.out_of_memory import training_memory
from trainables.step import StepFailed, StepOutcome, device, single_threaded
from trainables.storage.artifacts import intact, load_tensors, save_tensors


def build_prior(config: PriorConfig, store_uri: str) -> StepOutcome:
    """Train the prior (generator and critic) of ``config`` and write it to the store.

    Returns at once when it is there; a corrupt one is trained again. Weights that are not finite end the step
    as ``failed``, and nothing is written. Raises the store's errors, ``OutOfMemory``, and ``ValueError`` for
    data or settings that cannot be used.
    """
    store = open_store(store_uri)
    path = config.artifact_path
    known: dict[str, float | int | str | None] = {"generator_id": config.piece_id, "artifact": path}
    if intact(store, path):
        return StepOutcome("found", values=known)
    single_threaded(config.threads)
    with training_memory("the generator's training", "generator.batch_size"):
        tensors = prior_tensors(train_prior(config, load_data(config.data)))
    broken = sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())
    if broken:
        reason = f"the generator's training diverged: {broken[0]} is not finite; lower its learning rate"
        return StepOutcome("failed", reason, known)
    save_tensors(store, path, tensors)
    return StepOutcome("done", values=known)


def load_prior(config: PriorConfig, store: Store) -> Prior:
    """Return the prior of ``config`` on the device of all steps; trains it first when the store lacks it.

    Raises ``StepFailed`` when its training diverges.
    """
    outcome = build_prior(config, store.uri)
    if outcome.status == "failed":
        raise StepFailed(outcome.reason)
    data = load_data(config.data)
    tensors = load_tensors(store, config.artifact_path)
    prior = prior_from_tensors(config, data.channels, data.resolution, tensors)
    return Prior(prior.generator.to(device()), prior.critic.to(device()), prior.z_dim)
