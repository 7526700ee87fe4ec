"""Random brightness, contrast, saturation and hue, each picture of a batch with its own factors and order.

The four changes mean what they mean in torchvision's ``ColorJitter`` on float pictures. Grey pictures have
neither saturation nor hue.
"""

import torch
from torch import Tensor

LUMA = (0.2989, 0.587, 0.114)
"""Weights of red, green and blue in a grey picture."""


class ColorJitter:
    """``strengths`` of brightness, contrast, saturation and hue.

    The first three are multiplied by a factor uniform in [max(0, 1 - strength), 1 + strength]; hue is turned
    by a share of the colour circle uniform in [-strength, strength]. 0: no such change.
    """

    def __init__(self, strengths: tuple[float, float, float, float], generator: torch.Generator) -> None:
        self.strengths = strengths
        self.generator = generator

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``images`` (B, C, S, S) in [0, 1] with other colours; the same tensor at strength 0."""
        if not any(self.strengths):
            return images
        order, factors = self._drawn(len(images))
        images = images.clone()
        for position in range(len(CHANGES)):
            for number, change in enumerate(CHANGES):
                rows = (order[:, position] == number).nonzero()[:, 0]
                if self.strengths[number] and len(rows):
                    amounts = factors[rows, number].to(images.device)[:, None, None, None]
                    rows = rows.to(images.device)
                    images[rows] = change(images[rows], amounts)
        return images

    def _drawn(self, count: int) -> tuple[Tensor, Tensor]:
        """Return the order of the changes and their factors, both (count, 4), on the CPU."""
        order = torch.rand(count, len(CHANGES), generator=self.generator).argsort(1)
        uniform = torch.rand(count, len(CHANGES), generator=self.generator)
        strengths = torch.tensor(self.strengths)
        lowest = torch.cat([(1 - strengths[:3]).clamp_min(0), -strengths[3:]])
        highest = torch.cat([1 + strengths[:3], strengths[3:]])
        return order, lowest + (highest - lowest) * uniform


def brightened(images: Tensor, factor: Tensor) -> Tensor:
    """Return ``images`` (B, C, S, S) times ``factor`` (B, 1, 1, 1), clamped to [0, 1]."""
    return (images * factor).clamp(0, 1)


def contrasted(images: Tensor, factor: Tensor) -> Tensor:
    """Return ``images`` moved away from the mean of their grey picture by ``factor`` (B, 1, 1, 1)."""
    return _blended(images, _grey(images).mean((1, 2, 3), keepdim=True), factor)


def saturated(images: Tensor, factor: Tensor) -> Tensor:
    """Return colour ``images`` moved away from their grey picture by ``factor``; grey ones as they are."""
    return images if images.shape[1] == 1 else _blended(images, _grey(images), factor)


def hue_turned(images: Tensor, share: Tensor) -> Tensor:
    """Return colour ``images`` with the hue turned by ``share`` of the circle; grey ones as they are."""
    if images.shape[1] == 1:
        return images
    hue, saturation, value = _hsv(images)
    return _rgb((hue + share[:, 0]) % 1, saturation, value)


CHANGES = (brightened, contrasted, saturated, hue_turned)
"""In the order of the strengths."""


def _grey(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    return (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)


def _blended(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    return (factor * images + (1 - factor) * other).clamp(0, 1)


def _hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue, saturation and value, each (B, S, S) in [0, 1], of (B, 3, S, S)."""
    red, green, blue = images.unbind(1)
    value, lowest = images.amax(1), images.amin(1)
    span = value - lowest
    safe = torch.where(span > 0, span, 1)
    sixths = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return sixths / 6 % 1, span / torch.where(value > 0, value, 1), value


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Return (B, 3, S, S): a channel loses saturation where the hue is far from its own."""
    places = [(offset + 6 * hue) % 6 for offset in (5, 3, 1)]
    shares = torch.stack([torch.minimum(place, 4 - place).clamp(0, 1) for place in places], 1)
    return value[:, None] * (1 - saturation[:, None] * shares)
