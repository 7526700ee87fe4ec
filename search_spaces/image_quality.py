"""How reconstructions are compared with the private pictures, beside the evaluators; weights by path."""

from typing import Literal

from search_spaces.files import PinnedFile
from search_spaces.settings import Settings


class ImageQuality(Settings):
    """FID, KID and LPIPS. Networks that no package ships are given by path, else not used."""

    inception: PinnedFile | None = None
    """``pt_inception-2015-12-05-6726825d.pth`` (as pytorch-fid and torch-fidelity use it) or the same tensors
    as ``.safetensors``; ``None``: FID and KID are measured in the features of the headline evaluator."""
    compared: Literal["all", "successful"] = "all"
    """Reconstructions in FID and KID: all, or only those recognised, as the published code takes them.
    Their number then depends on the defence, and so does the bias of FID: not comparable between defences."""
    lpips_network: Literal["alex", "squeeze", "vgg"] = "alex"
    lpips_trunk: PinnedFile | None = None
    """torchvision's ImageNet weights of ``lpips_network`` (``.pth`` or ``.safetensors``); ``None``: no LPIPS.
    Only the heads come with the package ``lpips``."""
