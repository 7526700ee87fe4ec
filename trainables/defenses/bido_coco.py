"""BiDO with COCO as its dependence measure."""

from trainables.defenses.bido import BiDO, Measure
from trainables.defenses.dependence import centred, frobenius_coco


class BiDOCOCO(BiDO):
    """d(a, b) = sqrt(||K~_a K~_b||_F) / m for a batch of m."""

    def __init__(self, lambda_x: float, lambda_y: float) -> None:
        super().__init__(lambda_x, lambda_y, Measure(centred, frobenius_coco))
