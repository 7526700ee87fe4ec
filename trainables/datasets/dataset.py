"""What every data set returns: private train and test pictures, public pictures, names, a content hash."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class LabelledImages:
    """``images`` uint8 (N, C, S, S), C in {1, 3}; ``labels`` int64 (N,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class FaceData:
    """D_priv (train and test share classes 0..K-1) and D_pub (other classes, with labels of its own)."""

    name: str
    private_train: LabelledImages
    private_test: LabelledImages
    public: LabelledImages
    class_names: tuple[str, ...]
    public_class_names: tuple[str, ...]
    content_hash: str
    """SHA-256 over all pictures, labels and names: two data sets are the same iff this is."""
    credit: str
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Known attributes of drawn persons: attribute -> value of each private class."""
    public_attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The same for each public class."""

    @property
    def num_classes(self) -> int:
        """Number of private classes."""
        return len(self.class_names)

    @property
    def channels(self) -> int:
        """1 for grey data, 3 for colour."""
        return int(self.private_train.images.shape[1])

    @property
    def resolution(self) -> int:
        """Height and width of the pictures."""
        return int(self.private_train.images.shape[-1])
