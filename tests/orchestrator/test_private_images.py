"""Private pictures come from the data of the sweep and from no other."""

import io

import numpy as np
import pytest
from PIL import Image

from orchestrator.errors import InvalidRequest
from orchestrator.private_images import private_images
from orchestrator.provenance import current_provenance, record_run
from results import load, open_store, write_sweep
from results.report.pictures import MOST_PRIVATE
from results.sweeps.record import SweepRecord
from search_spaces import Sweep, load_setup
from search_spaces.defenses import Defense
from tests.orchestrator.small_sweeps import small_space
from trainables.datasets import load_data


@pytest.fixture
def sweep(tmp_path):
    setup = load_setup("drawn_persons")
    return Sweep(space=small_space(), setup=setup)


def summary_of(folder, sweep, data_hash):
    store = open_store(str(folder), create=True)
    record_run(store, sweep, current_provenance("inline"))
    target = sweep.trial(Defense(), 0).target
    row = {"target_id": target.piece_id, "status": "done", "data_hash": data_hash, "acc": 0.5}
    store.write_rows("targets", target.piece_id, [row])
    trial = {"sweep_id": sweep.sweep_id, "number": 0, "role": "search", "state": "done"}
    store.write_rows("trials", f"{sweep.sweep_id}-0000", [trial | {"target_id": target.piece_id}])
    write_sweep(store, SweepRecord(sweep.sweep_id, "small", "drawn_persons"))
    results = load(store.uri)
    return results.store, results.summary()


def test_they_are_the_first_training_pictures_of_each_class(tmp_path, sweep):
    data = load_data(sweep.setup.data)
    found = private_images(*summary_of(tmp_path, sweep, data.content_hash))
    assert set(found) == set(range(data.num_classes))
    images, labels = data.private_train.images.numpy(), data.private_train.labels.numpy()
    for index in (0, data.num_classes - 1):
        wanted = images[labels == index][:MOST_PRIVATE]
        assert len(found[index]) == len(wanted)
        for file, pixels in zip(found[index], wanted, strict=True):
            read = np.asarray(Image.open(io.BytesIO(file)))
            assert np.array_equal(read if read.ndim == 3 else read[:, :, None], pixels.transpose(1, 2, 0))


def test_other_data_are_refused(tmp_path, sweep):
    with pytest.raises(InvalidRequest, match="write the report where the data of the sweep are"):
        private_images(*summary_of(tmp_path, sweep, "f" * 64))
