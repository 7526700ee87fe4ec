"""MID (Wang et al., AAAI 2021): a variational bottleneck bounds what T's feature says about a picture."""

import torch

from search_spaces import seed_stream
from search_spaces.defenses.mid import MID
from trainables.defenses.part import Batch, Part, Terms
from trainables.implementations import implements
from trainables.models.bottleneck import divergence_from_normal, with_bottleneck
from trainables.models.target_model import TargetModel


@implements(MID)
class VariationalBottleneck(Part[MID]):
    """CE + lambda_mid KL(N(mean, sigma) || N(0, 1)), one sample of the bottleneck for each picture.

    lambda_mid is the beta of the published code. In training the bottleneck draws from the global generator,
    which the training seeds.
    """

    def network(self, model: TargetModel) -> TargetModel:
        """Return ``model`` in its variational form; encoder and head are new."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_stream(self.seed, "bottleneck"))
            return with_bottleneck(model, self.settings.prediction)

    def terms(self, batch: Batch) -> Terms:
        """Return the divergence, summed over the bottleneck's width, as ``kl``."""
        made = batch.output.made
        divergence = divergence_from_normal(made["mean"].float(), made["log_sigma"].float())
        return Terms({"kl": self.settings.lambda_mid * divergence}, {"kl": divergence.detach()})
