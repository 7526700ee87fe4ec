"""The private pictures of a sweep's data, for a report that is asked to hold them."""

from collections.abc import Mapping, Sequence

from orchestrator.errors import InvalidRequest
from orchestrator.provenance import kept_sweep
from results import Store
from results.report.pictures import MOST_PRIVATE
from results.statistics.summary import SweepSummary
from search_spaces import Sweep


def private_images(store: Store, summary: SweepSummary) -> Mapping[int, Sequence[bytes]]:
    """Return a few private training pictures of each class of a sweep; imports torch.

    Raises ``InvalidRequest`` when the sweep's settings are not known, or the data here are other ones, and
    the data set's own errors when they cannot be loaded.
    """
    data = _sweep(store, summary).setup.data
    # torch is imported here and nowhere before.
    from trainables.private_pictures import private_pictures

    pictures = private_pictures(data, MOST_PRIVATE)
    hashes = {row["data_hash"] for row in summary.targets if row["data_hash"]}
    if hashes and pictures.content_hash not in hashes:
        known = ", ".join(sorted(value[:12] for value in hashes))
        raise InvalidRequest(
            f"the data here have the hash {pictures.content_hash[:12]}, the data of the sweep {known}: "
            "write the report where the data of the sweep are, or omit --with-private-images"
        )
    return pictures.files


def _sweep(store: Store, summary: SweepSummary) -> Sweep:
    if summary.sweep_id is None:
        raise InvalidRequest("this store has no sweep, so there are no private pictures to show")
    sweep = kept_sweep(store, summary.sweep_id)
    if sweep is None:
        raise InvalidRequest(
            f"the store keeps no settings of sweep {summary.sweep_id} that this version can read, so its "
            "private pictures cannot be found; omit --with-private-images"
        )
    return sweep
