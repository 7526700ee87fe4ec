"""Attributes that reconstructions show, as an evaluator reads them, beside a guess and its own accuracy."""

import json
from collections.abc import Mapping

import torch
from torch import Tensor

from search_spaces.evaluation import KnownAttributes
from tldmi_sweep.testing.tiny_data import tiny_face_data
from trainables.attacks import Reconstructions
from trainables.datasets.dataset import FaceData
from trainables.evaluators import Evaluator, Judgement
from trainables.evaluators.known_attributes import KnownAttributesEvaluator
from trainables.judging.attributes import attribute_checks, attribute_texts


class Reader(Evaluator):
    """Reads one value for all pictures."""

    name = "reader"

    def judge_batch(self, images: Tensor) -> Judgement:
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensor]:
        raise NotImplementedError

    def read_attributes(self, images: Tensor) -> Mapping[str, list[str]] | None:
        return {"hair": ["none"] * len(images), "skin": ["light"] * len(images)}


class Blind(Reader):
    """Recognises persons alone."""

    def read_attributes(self, images: Tensor) -> Mapping[str, list[str]] | None:
        return None


def result(data: FaceData, found: list[bool]) -> Reconstructions:
    classes = torch.arange(len(found))
    size = data.resolution
    return Reconstructions(
        latents=torch.zeros(len(found), 2),
        images=torch.zeros(len(found), 3, size, size, dtype=torch.uint8),
        class_index=classes,
        restart=torch.zeros_like(classes),
        found=torch.tensor(found),
        queries=torch.zeros_like(classes),
        shared_queries=0,
    )


def test_each_picture_has_the_value_of_the_person_and_the_one_it_shows() -> None:
    data = tiny_face_data()
    first, none, third, _ = attribute_texts(result(data, [True, False, True, True]), Reader(), data)
    assert json.loads(str(first)) == {"hair": ["none", "none"], "skin": ["light", "light"]}
    assert none is None
    assert json.loads(str(third)) == {
        "hair": [data.attributes["hair"][2], "none"],
        "skin": ["light", "light"],
    }


def test_the_guess_is_the_commonest_public_value() -> None:
    data = tiny_face_data(classes=4, public_classes=5)  # public hair: none, short, long, none, short
    checks = json.loads(str(attribute_checks(Reader(), data, [0, 1, 2, 3])))
    persons = data.attributes["hair"]
    assert checks["hair"]["guess"] == persons.count("none") / 4
    assert checks["hair"]["evaluator_acc"] == persons.count("none") / 4
    assert json.loads(str(attribute_checks(Reader(), data, [1])))["hair"]["guess"] == 0


def test_an_evaluator_that_reads_none_leaves_them_empty() -> None:
    data = tiny_face_data()
    assert attribute_texts(result(data, [True] * 4), Blind(), data) == [None] * 4
    assert attribute_checks(Blind(), data, [0]) is None


def test_known_attributes_are_read_off_real_pictures() -> None:
    data = tiny_face_data(public_classes=6, public_per_class=12)
    evaluator = KnownAttributesEvaluator.build(KnownAttributes(epochs=30, width=8), data)
    shown = evaluator.read_attributes(data.public.images)
    right = [
        value == data.public_attributes[name][label]
        for name, values in shown.items()
        for value, label in zip(values, data.public.labels.tolist(), strict=True)
    ]
    assert sum(right) > 0.9 * len(right)
