"""The classifier trained on D_priv."""

import torch

from search_spaces.evaluation import TrainedClassifier
from tldmi_sweep.testing.evaluator_contract import EvaluatorContract
from trainables.evaluators import Evaluator


class TestTrainedClassifier(EvaluatorContract):
    settings = TrainedClassifier(epochs=8, width=4, batch_size=8)

    def test_it_recognises_its_training_pictures(self, evaluator: Evaluator) -> None:
        train = self.data.private_train
        predicted = evaluator.judge(train.images).scores.argmax(1)
        assert (predicted == train.labels).double().mean() > 0.9

    def test_another_seed_is_another_network(self, evaluator: Evaluator) -> None:
        other = type(evaluator).build(TrainedClassifier(epochs=1, width=4, seed=1), self.data)
        images = self.data.private_test.images
        assert not torch.equal(other.judge(images).scores, evaluator.judge(images).scores)
