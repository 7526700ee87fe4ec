"""How reconstructions are compared with the private pictures, beside the evaluators; weights by path."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from search_spaces.settings import Settings

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class WeightsUnusable(ValueError):
    """A file of weights that is not there, not the one meant, or holds no tensors."""


class ImageQuality(Settings):
    """FID, KID and LPIPS. Networks that no package ships are given by path, else not used."""

    inception: Path | None = None
    """``pt_inception-2015-12-05-6726825d.pth`` (as pytorch-fid and torch-fidelity use it) or the same tensors
    as ``.safetensors``; nothing: FID and KID are measured in the features of the headline evaluator."""
    inception_sha256: Hash | None = None
    """What ``inception`` must hash to; filled in by ``pinned``."""
    compared: Literal["all", "successful"] = "all"
    """Reconstructions in FID and KID: all, or only those recognised, as the published code takes them.
    Their number then depends on the defence, and so does the bias of FID: not comparable between defences."""
    lpips_network: Literal["alex", "squeeze", "vgg"] = "alex"
    lpips_trunk: Path | None = None
    """torchvision's ImageNet weights of ``lpips_network`` (``.pth`` or ``.safetensors``); nothing: no LPIPS.
    Only the heads come with the package ``lpips``."""
    lpips_trunk_sha256: Hash | None = None
    """What ``lpips_trunk`` must hash to; filled in by ``pinned``."""

    def pinned(self) -> Self:
        """Return the same settings with absolute paths and the hashes of the files.

        Raises ``WeightsUnusable``.
        """
        found: dict[str, Path | str] = {}
        for name in ("inception", "lpips_trunk"):
            path: Path | None = getattr(self, name)
            if path is not None:
                data = weights_bytes(path, getattr(self, f"{name}_sha256"), f"image_quality.{name}")
                found |= {name: path.absolute(), f"{name}_sha256": hashlib.sha256(data).hexdigest()}
        return self.model_copy(update=found)


def weights_bytes(path: Path, sha256: str | None, setting: str) -> bytes:
    """Return the bytes of ``path``, which must hash to ``sha256`` where one is given.

    Raises ``WeightsUnusable``, which names ``setting``.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsUnusable(
            f"{setting}: {path} cannot be read ({error.strerror}); give the path of the weights, "
            "or leave the setting out"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 not in (None, found):
        raise WeightsUnusable(
            f"{setting}: {path} is not the file meant: its SHA-256 is {found}, not {sha256}; "
            "give the right file, or leave the hash out to take this one"
        )
    return data
