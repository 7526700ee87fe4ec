"""Names of weights in published checkpoints, and what our networks call them.

Known are torchvision's networks, timm's ResNeSt, face.evoLVe's and InsightFace's IR backbones, and the
classifiers of KEDMI, BiDO and TL-DMI (``feature``, ``bn`` or ``output_layer``, ``fc_layer``).
"""

import re
from collections.abc import Mapping

from torch import Tensor

Rules = tuple[tuple[str, str | None], ...]
"""Pattern and replacement; the first that matches counts; no replacement: left out on purpose."""

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and ``torch.compile`` put in front of names."""

RESNET: Rules = (
    (r"^(conv1|bn1)\.", r"units.stem.\1."),
    (r"^layer(\d)\.(\d+)\.", r"units.layer\1_\2."),
    (r"^fc\.", "head."),
)
MAXVIT: Rules = (
    (r"^stem\.", "units.stem."),
    (r"^blocks\.(\d)\.layers\.(\d)\.", r"units.block\1_\2."),
    (r"^classifier\.5\.", "head."),
    (r"^classifier\.", "neck."),
)
INCEPTION: Rules = (
    (r"^((?:Conv2d|Mixed)_\w+)\.", r"units.\1."),
    (r"^AuxLogits\.", "aux."),
    (r"^fc\.", "head."),
)
IR: Rules = (
    (r"^(?:feature\.)?input_layer\.", "units.input_layer."),
    (r"^(?:feature\.)?body\.(\d+)\.shortcut_layer\.", r"units.body\1.shortcut."),
    (r"^(?:feature\.)?body\.(\d+)\.res_layer\.", r"units.body\1.residual."),
    (r"^(?:feature\.)?output_layer\.", "neck."),
    (r"^fc_layer\.", "head."),
)
IR_SE: Rules = ((r"^output_layer\.", "neck.embedding."), *IR)


def _vgg16() -> Rules:
    """Return the rules of VGG16: torchvision counts all layers, BiDO those of each block (``layer1`` on)."""
    rules: list[tuple[str, str | None]] = [
        (r"^bn\.", "neck.1."),
        (r"^fc_layer\.", "head."),
        (r"^classifier\.", None),
    ]
    number = index = 0
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for position in range(convolutions):
            number += 1
            for layer in (0, 1):  # convolution and BatchNorm; a ReLU follows
                published = rf"^(?:features?\.{index + layer}|layer{block}\.{3 * position + layer})\."
                rules.append((published, f"units.conv{number}.{layer}."))
            index += 3
        index += 1  # the pool
    return tuple(rules)


RULES: dict[str, Rules] = {
    "vgg16": _vgg16(),
    "ir152": IR,
    "facenet64": IR,
    "facenet112": IR,
    "ir_se50": IR_SE,
    **dict.fromkeys(("resnet18", "resnet50", "resnet101", "resnet152", "resnest101"), RESNET),
    "maxvit": MAXVIT,
    "inception_v3": INCEPTION,
}
"""Architectures with published weights."""


def own_state(architecture: str, published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return ``published`` weights under the names of our ``architecture``.

    Names in front of which a wrapper put its own lose it; names without a rule stay, to be complained about.

    >>> list(own_state("resnet18", {"module.layer2.0.bn1.bias": Tensor(), "what": Tensor()}))
    ['units.layer2_0.bn1.bias', 'what']
    """
    named = ((own_name(architecture, name), tensor) for name, tensor in published.items())
    return {name: tensor for name, tensor in named if name is not None}


def own_name(architecture: str, name: str) -> str | None:
    """Return what our ``architecture`` calls the published ``name``; ``None`` for what it has no place for.

    >>> own_name("vgg16", "features.27.weight"), own_name("vgg16", "layer4.4.bias")
    ('units.conv9.0.weight', 'units.conv9.1.bias')
    """
    name = unwrapped(name)
    for pattern, replacement in RULES.get(architecture, ()):
        match = re.match(pattern, name)
        if match:
            return None if replacement is None else match.expand(replacement) + name[match.end() :]
    return name


def unwrapped(name: str) -> str:
    """Return ``name`` without the prefixes of wrappers.

    >>> unwrapped("_orig_mod.module.fc.bias")
    'fc.bias'
    """
    while name.startswith(WRAPPERS):
        name = name.partition(".")[2]
    return name
