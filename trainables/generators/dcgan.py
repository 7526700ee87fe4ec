"""The DCGAN generator (Radford et al. 2016) and its packaged weights, trained on rendered faces of 64x64."""

from itertools import pairwise

import safetensors.torch
import torch
from torch import Tensor, nn

from search_spaces.priors import DCGAN_RESOLUTION, DCGAN_Z_DIM
from trainables.storage.archives import archive_member
from trainables.storage.cache import cached
from trainables.weights.dcgan_checkpoint import generator_tensors
from trainables.weights.fitting import require_fit

Z_DIM, RESOLUTION = DCGAN_Z_DIM, DCGAN_RESOLUTION
WIDTHS = (512, 256, 128, 64)
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""
MEMBER = "gan_face_generate/weights.tar"


class DCGANGenerator(nn.Module):
    """Latents (B, 100) to pictures (B, C, 64, 64) in [0, 1]; for grey data (C = 1) the colours are weighed.

    The layers are those of the packaged weights: 4x4 transposed convolutions with BatchNorm and ReLU, tanh.
    """

    def __init__(self, z_dim: int = Z_DIM, channels: int = 3, resolution: int = RESOLUTION) -> None:
        super().__init__()
        if (z_dim, resolution) != (Z_DIM, RESOLUTION) or channels not in (1, 3):
            raise ValueError(
                f"initial digiface_dcgan with z_dim {z_dim}, pictures {channels}x{resolution}x{resolution}: "
                f"it has z_dim {Z_DIM} and makes pictures of {RESOLUTION}x{RESOLUTION}, grey or colour"
            )
        self.channels = channels
        first = _layer(Z_DIM, WIDTHS[0], stride=1, padding=0)
        others = [_layer(a, b) for a, b in pairwise(WIDTHS)]
        last = [nn.ConvTranspose2d(WIDTHS[-1], 3, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*first, *(each for layer in others for each in layer), *last)

    def forward(self, latents: Tensor) -> Tensor:
        """Return pictures (B, C, 64, 64) in [0, 1] of ``latents`` (B, 100)."""
        colour: Tensor = (self.main(latents[:, :, None, None]) + 1) / 2
        if self.channels == 3:
            return colour
        weights = torch.tensor(LUMA, dtype=colour.dtype, device=colour.device)
        return torch.einsum("bchw,c->bhw", colour, weights)[:, None]


def _layer(before: int, after: int, stride: int = 2, padding: int = 1) -> list[nn.Module]:
    convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


def load_digiface_dcgan(generator: DCGANGenerator) -> None:
    """Load the packaged weights; they are fetched and converted on first use.

    Raises ``trainables.storage.archives.ArchiveError`` when the archive is absent and cannot be fetched,
    ``WeightsMismatch`` when it holds another network.
    """
    tensors = safetensors.torch.load(cached("digiface_dcgan.safetensors", _converted))
    require_fit(generator.state_dict(), tensors, "the DCGAN generator")
    generator.load_state_dict(tensors)


def _converted() -> bytes:
    tensors = generator_tensors(archive_member("gan_face_generate", MEMBER))
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()})
