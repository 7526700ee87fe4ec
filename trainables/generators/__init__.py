"""The attacker's image priors: generators of public pictures and the critic of them."""

from trainables.generators.prior import Prior, prior_from_tensors, prior_tensors, train_prior

__all__ = ["Prior", "prior_from_tensors", "prior_tensors", "train_prior"]
