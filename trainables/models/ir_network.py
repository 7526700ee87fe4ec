"""IR networks (face.evoLVe): the targets ``ir152`` and ``facenet64``, the evaluators FaceNet112 and IR-SE50.

``facenet64`` is the MI literature's name of IR-50 at 64x64; it is not Schroff's FaceNet. Pictures go in as
they are, in [0, 1], although the MS-Celeb-1M weights were trained on [-1, 1]: as published.
"""

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn.functional import normalize

from search_spaces import architectures
from trainables.implementations import implements
from trainables.models.target_model import TargetModel

WIDTHS = (64, 128, 256, 512)
IR50 = (3, 4, 14, 3)
IR152 = (3, 8, 36, 3)
"""IR units of each width."""
EMBEDDING = 512
REDUCTION = 16
"""Of the channels in a squeeze-and-excitation."""


class SqueezeExcitation(nn.Module):
    """Scales each channel by what a small network makes of all channels' means (IR-SE)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // REDUCTION, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // REDUCTION, channels, 1, bias=False)

    def forward(self, activations: Tensor) -> Tensor:
        """Return (B, C, H, W) scaled."""
        means = activations.mean((2, 3), keepdim=True)
        scales: Tensor = self.fc2(self.fc1(means).relu()).sigmoid()
        return activations * scales


class EverySecond(nn.Module):
    """Every second row and column."""

    def forward(self, activations: Tensor) -> Tensor:
        """Return (B, C, H / 2, W / 2), rounded up."""
        return activations[:, :, ::2, ::2]


class IRUnit(nn.Module):
    """BatchNorm, 3x3 convolution, PReLU, 3x3 convolution with the stride, BatchNorm; plus a shortcut."""

    def __init__(self, before: int, after: int, stride: int, squeeze: bool) -> None:
        super().__init__()
        self.shortcut = _shortcut(before, after, stride)
        self.residual = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.Conv2d(before, after, 3, 1, 1, bias=False),
            nn.PReLU(after),
            nn.Conv2d(after, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            *([SqueezeExcitation(after)] if squeeze else []),
        )

    def forward(self, activations: Tensor) -> Tensor:
        """Return (B, after, H / stride, W / stride)."""
        output: Tensor = self.residual(activations) + self.shortcut(activations)
        return output


def _shortcut(before: int, after: int, stride: int) -> nn.Module:
    if before != after:
        return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
    return EverySecond() if stride == 2 else nn.Identity()


def ir_units(stages: tuple[int, ...], squeeze: bool = False) -> Iterator[tuple[str, nn.Module]]:
    """Yield ``input_layer`` and then ``body0``, ``body1``, ..., numbered as in the published networks.

    The first unit of every stage halves the sides.
    """
    stem = (nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.PReLU(WIDTHS[0]))
    yield "input_layer", nn.Sequential(*stem)
    before, number = WIDTHS[0], 0
    for width, units in zip(WIDTHS, stages, strict=True):
        for position in range(units):
            yield f"body{number}", IRUnit(before, width, 2 if position == 0 else 1, squeeze)
            before, number = width, number + 1


def output_layer(resolution: int, dropout: float) -> nn.Sequential:
    """Return the step from the last unit's output for square pictures of ``resolution`` to (B, 512)."""
    side = resolution
    for _ in WIDTHS:
        side = -(-side // 2)
    return nn.Sequential(
        nn.BatchNorm2d(WIDTHS[-1]),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(WIDTHS[-1] * side**2, EMBEDDING),
        nn.BatchNorm1d(EMBEDDING),
    )


def stage_units(stages: tuple[int, ...]) -> list[list[str]]:
    """Return the names of the units of each stage.

    >>> stage_units(IR50)[0]
    ['body0', 'body1', 'body2']
    """
    firsts = [sum(stages[:count]) for count in range(len(stages))]
    return [
        [f"body{first + position}" for position in range(units)]
        for first, units in zip(firsts, stages, strict=True)
    ]


def stage_ends(stages: tuple[int, ...]) -> list[str]:
    """Return the names of the units that end a stage.

    >>> stage_ends(IR50)
    ['body2', 'body6', 'body20', 'body23']
    """
    return [f"body{sum(stages[: count + 1]) - 1}" for count in range(len(stages))]


def xavier_initialised(module: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers from Xavier's uniform distribution, biases are 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class IRTarget(TargetModel):
    """An IR network: units, BatchNorm, dropout 0.5, linear layer to 512, BatchNorm1d; linear head.

    Freeze depth 1 is the input layer, depth 1 + n further n IR units. The published code means to freeze the
    input layer but leaves its 1,920 parameters trained, by a misspelt attribute: its counts are those of
    ``layer_wise`` with ``input_layer`` among the trained units, 1,920 above ours at the same IR unit.
    Hidden layers of BiDO, which the literature has for VGG16 only: the ends of the four stages and the
    feature.
    """

    def __init__(self, num_classes: int, stages: tuple[int, ...], resolution: int) -> None:
        super().__init__()
        self.set_normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        self.units = nn.ModuleDict(dict(ir_units(stages)))
        self.hidden_units = stage_ends(stages)
        self.residual_stages = stage_units(stages)
        self.neck = output_layer(resolution, dropout=0.5)
        xavier_initialised(self)
        self.head = nn.Linear(EMBEDDING, num_classes)


@implements(architectures.IR152)
def ir152(num_classes: int, resolution: int = 64) -> IRTarget:
    """Return IR-152: 62,599,848 parameters at 1000 classes and 64x64."""
    return IRTarget(num_classes, IR152, resolution)


@implements(architectures.FaceNet64)
def facenet64(num_classes: int, resolution: int = 64) -> IRTarget:
    """Return IR-50: 35,437,224 parameters at 1000 classes and 64x64."""
    return IRTarget(num_classes, IR50, resolution)


def facenet112(num_classes: int, resolution: int = 112) -> IRTarget:
    """Return the evaluator FaceNet112, IR-50: 44,087,976 parameters at 1000 classes and 112x112."""
    return IRTarget(num_classes, IR50, resolution)


class UnitLength(nn.Module):
    """Vectors divided by their length."""

    def forward(self, vectors: Tensor) -> Tensor:
        """Return (B, d), each row of length 1."""
        return normalize(vectors, dim=1)


class IRSE50(TargetModel):
    """The evaluator of VMI: InsightFace's IR-SE-50, blue first, in [-1, 1], to unit vectors of 512.

    43,797,696 parameters below the head. Without ``decoder`` the head is to be set by ``set_prototypes``;
    with it, three layers of BatchNorm, ReLU and linear follow, the last of which is the head: 44,839,080
    parameters at 1000 classes, the fine-tuned judge of BiDO.
    """

    pretrained_parts = ("units.", "neck.embedding.", "neck.decoder.")

    def __init__(self, num_classes: int, resolution: int = 112, *, decoder: bool) -> None:
        super().__init__()
        self.set_normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        self.units = nn.ModuleDict(dict(ir_units(IR50, squeeze=True)))
        self.hidden_units = stage_ends(IR50)
        self.neck = nn.Sequential()
        self.neck.add_module("embedding", output_layer(resolution, dropout=0.6))
        xavier_initialised(self)
        self.neck.add_module("unit_length", UnitLength())
        if decoder:
            self.neck.add_module("decoder", _decoder())
        self.head = nn.Linear(EMBEDDING, num_classes)

    def normalise(self, images: Tensor) -> Tensor:
        """Return ``images`` (B, 1 or 3, H, W) in [0, 1], red first, as (B, 3, H, W) in [-1, 1], blue
        first."""
        return super().normalise(images).flip(1)

    def set_prototypes(self, prototypes: Tensor) -> None:
        """Make the logits the negative squared distances to ``prototypes`` (classes, 512).

        -|z - p|^2 = 2 z.p - |p|^2 - 1 for embeddings z of length 1: a linear head.
        """
        self.head.weight.data.copy_(2 * prototypes)
        self.head.bias.data.copy_(-prototypes.square().sum(1) - 1)


def _decoder() -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.BatchNorm1d(EMBEDDING), nn.ReLU(), nn.Linear(EMBEDDING, EMBEDDING)]
    return nn.Sequential(*layers, nn.BatchNorm1d(EMBEDDING), nn.ReLU())
