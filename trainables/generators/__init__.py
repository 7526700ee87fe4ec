"""The attacker's image priors: generators of public pictures, and critics of them."""

from trainables.generators.prior import Prior, prior_tensors, restore_prior, seen_by_target, train_prior
from trainables.generators.wgan_gp import GANPrior

__all__ = ["GANPrior", "Prior", "prior_tensors", "restore_prior", "seen_by_target", "train_prior"]
