"""How much a sweep trains on, and how long: classes, pictures and steps, where the data say so beforehand."""

from dataclasses import dataclass

from search_spaces import TargetConfig
from search_spaces.training_length import held_out_of
from trainables.datasets import PictureCounts, count_pictures


@dataclass(frozen=True)
class TrainingSize:
    """The pictures of a sweep, and the length of the training of a T without a defence."""

    private_classes: int
    train_images: int
    """Those that T is trained on, without the ones held out."""
    test_images: int
    public_classes: int
    public_images: int
    epochs: int
    steps: int
    """Steps of the optimiser, at least."""


def training_size(config: TargetConfig) -> TrainingSize | None:
    """Return the pictures and the length of the training of a T; ``None`` where loading alone would tell."""
    counts = count_pictures(config.data)
    return None if counts is None else _of_counts(config, counts)


def _of_counts(config: TargetConfig, counts: PictureCounts) -> TrainingSize:
    share = config.target.validation_fraction
    train = [count - held_out_of(count, share) for count in counts.train]
    length = config.target.lengthened(train)
    return TrainingSize(
        private_classes=len(train),
        train_images=sum(train),
        test_images=sum(counts.test),
        public_classes=len(counts.public),
        public_images=sum(counts.public),
        epochs=length.epochs,
        steps=length.epochs * length.steps_in_epoch(train),
    )
