"""What metrics are computed from: the rows of one attack as one evaluator and T see their 8-bit images."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Judged:
    """R rows judged by one evaluator with K classes and features of d numbers.

    Rows that are not ``found`` have no image; their scores, features and probabilities are never read.
    """

    class_index: Tensor
    """int64 (R,): the attacked class."""
    restart: Tensor
    """int64 (R,)"""
    found: Tensor
    """bool (R,)"""
    scores: Tensor
    """(R, K): the evaluator's scores; the highest is its prediction."""
    features: Tensor
    """(R, d): the evaluator's features."""
    target_probability: Tensor
    """(R,): softmax probability that T gives the attacked class."""
    private_features: Tensor
    """(N, d): the evaluator's features of the private training pictures."""
    private_labels: Tensor
    """int64 (N,)"""
    perceptual_distance: Tensor | None = None
    """(R,): smallest LPIPS distance to a private training picture of the class; nothing: not measured."""

    def __len__(self) -> int:
        return len(self.class_index)
