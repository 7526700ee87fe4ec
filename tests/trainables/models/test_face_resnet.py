"""dlib's face ResNet: the folding of its layers, its geometry, its packaged weights, and the target on it."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces.datasets import ORLFaces
from trainables.datasets import load_data
from trainables.models.face_resnet import (
    BLOCKS,
    FaceResNet,
    FaceResNetTarget,
    Residual,
    face_resnet_tensors,
    folded_state,
    load_face_resnet,
    zero_extended_sum,
)
from trainables.training.accuracy import unit_range
from trainables.weights.fitting import WeightsMismatch


def random_layers(seed: int = 0) -> dict[str, Tensor]:
    """Return made-up layers with the names and sizes of a dlib file of this network."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(32, 3, 7, 7)]
    for before, after, _ in BLOCKS:
        shapes += [(after, before, 3, 3), (after, after, 3, 3)]
    layers: dict[str, Tensor] = {}
    for out, into, rows, columns in shapes:
        filters = (
            torch.randn(out * into * rows * columns, generator=generator) / (into * rows * columns) ** 0.5
        )
        layers[f"{len(layers)}.con_4"] = torch.cat([filters, torch.randn(out, generator=generator)])
        scales = torch.rand(out, generator=generator) + 0.1
        layers[f"{len(layers)}.affine_"] = torch.cat([scales, torch.randn(out, generator=generator)])
    layers[f"{len(layers)}.fc_2"] = torch.randn(256, 128, generator=generator)
    return layers


def as_published(layers: dict[str, Tensor], pictures: Tensor) -> Tensor:
    """Return the embeddings of ``pictures`` in 0..255, layer by layer and nothing folded, in float64."""
    queue = iter([tensor.double() for tensor in layers.values()])

    def convolved(activations: Tensor, out: int, size: int, stride: int, border: int) -> Tensor:
        parameters, affine = next(queue), next(queue)
        weight = parameters[:-out].view(out, activations.shape[1], size, size)
        result = F.conv2d(activations, weight, parameters[-out:], stride, border)
        return result * affine[:out, None, None] + affine[out:, None, None]

    means = torch.tensor([122.782, 117.001, 104.298], dtype=torch.float64)
    activations = (pictures.double() - means[:, None, None]) / 256
    activations = F.max_pool2d(F.relu(convolved(activations, 32, 7, 2, 0)), 3, 2)
    for before, after, stride in BLOCKS:
        inner = F.relu(convolved(activations, after, 3, stride, 1 if stride == 1 else 0))
        main = convolved(inner, after, 3, 1, 1)
        short = F.avg_pool2d(activations, 2, 2) if stride == 2 else activations
        height, width = (max(main.shape[axis], short.shape[axis]) for axis in (2, 3))
        total = torch.zeros(len(pictures), after, height, width, dtype=torch.float64)
        total[:, :, : main.shape[2], : main.shape[3]] += main
        total[:, :before, : short.shape[2], : short.shape[3]] += short
        activations = F.relu(total)
    return activations.mean((2, 3)) @ next(queue)


@pytest.mark.parametrize("size", [103, 120])
def test_folded_network_is_the_published_one(size: int) -> None:
    layers = random_layers()
    network = FaceResNet().double()
    network.load_state_dict(folded_state({name: tensor.double() for name, tensor in layers.items()}))
    pictures = torch.randint(0, 256, (2, 3, size, size), generator=torch.Generator().manual_seed(1))
    found = network(pictures.double() / 255)
    expected = as_published(layers, pictures)
    # Buffers are float32, so the normalisation is exact to that only.
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize(
    ("name", "value"), [("0.con_4", torch.zeros(7)), ("3.affine_", None), ("9.new", torch.zeros(1))]
)
def test_layers_of_another_network_are_refused(name: str, value: Tensor | None) -> None:
    layers = random_layers()
    if value is None:
        del layers[name]
    else:
        layers[name] = value
    with pytest.raises(WeightsMismatch, match=name):
        folded_state(layers)


def test_sum_fills_up_with_zeros_at_the_end() -> None:
    first = torch.arange(1.0, 5.0).view(1, 1, 2, 2)
    second = 10 * torch.ones(1, 2, 1, 3)
    expected = torch.tensor([[[[11.0, 12, 10], [3, 4, 0]], [[10, 10, 10], [0, 0, 0]]]])
    assert torch.equal(zero_extended_sum(first, second), expected)


@pytest.mark.parametrize("size", [7, 8, 15])
def test_padded_block_keeps_every_row_and_column(size: int) -> None:
    block = Residual(2, 3, stride=2, padded=True)
    pictures = torch.rand(1, 2, size, size)
    assert block.main(pictures).shape[-1] == block.shortcut(pictures).shape[-1] == -(-size // 2)
    assert block(pictures).shape == (1, 3, -(-size // 2), -(-size // 2))


def test_packaged_weights_tell_people_apart() -> None:
    """30 pictures of ten people: the nearest other one shows the same person; dlib's distance holds."""
    data = load_data(ORLFaces())
    pictures = torch.cat(
        [unit_range(data.private_train.images[data.private_train.labels == k][:3]) for k in range(10)]
    )
    network = load_face_resnet().eval()
    with torch.no_grad():
        embedding = network(F.interpolate(pictures.expand(-1, 3, -1, -1), (150, 150), mode="bilinear"))
    person = torch.arange(10).repeat_interleave(3)
    distances = torch.cdist(embedding, embedding).fill_diagonal_(9)
    assert (person[distances.argmin(1)] == person).double().mean() >= 0.9
    same = (person[:, None] == person) & ~torch.eye(30, dtype=torch.bool)
    assert distances[same].median() < 0.6


class TestTarget:
    def test_the_body_is_the_published_one(self) -> None:
        target = FaceResNetTarget(4)
        head = target.head.weight.clone()
        tensors = face_resnet_tensors()
        target.load_embedding_network(tensors)
        assert torch.equal(target.units["block14"].main[2].weight, tensors["units.block14.main.2.weight"])
        assert torch.equal(target.neck[1].weight, tensors["embedding.weight"])
        assert torch.equal(target.head.weight, head)

    def test_weights_that_do_not_fit_are_refused(self) -> None:
        tensors = FaceResNet().state_dict()
        del tensors["units.stem.0.bias"]
        with pytest.raises(WeightsMismatch, match=r"missing: units\.stem\.0\.bias"):
            FaceResNetTarget(4).load_embedding_network(tensors)

    def test_hidden_layers_and_feature(self) -> None:
        target = FaceResNetTarget(4)
        output = target.trace(torch.rand(2, 1, 64, 64))
        shapes = [(32, 16, 16), (64, 8, 8), (128, 4, 4), (256, 2, 2), (128,)]
        assert [tuple(each.shape[1:]) for each in output.hidden] == shapes
        assert output.feature is output.hidden[-1]
        assert output.logits.shape == (2, 4)

    def test_grey_and_repeated_colour_are_the_same(self) -> None:
        target = FaceResNetTarget(4).eval()
        grey = torch.rand(2, 1, 32, 32)
        assert torch.equal(target(grey).logits, target(grey.expand(-1, 3, -1, -1)).logits)

    def test_every_unit_changes_the_output(self) -> None:
        target = FaceResNetTarget(4).eval()
        pictures = torch.rand(2, 1, 64, 64)
        before = target(pictures).feature
        for name in target.freeze_units:
            weight = next(target.units[name].parameters())
            kept = weight.detach().clone()
            with torch.no_grad():
                weight.add_(0.5)
                assert not torch.allclose(target(pictures).feature, before), name
                weight.copy_(kept)
