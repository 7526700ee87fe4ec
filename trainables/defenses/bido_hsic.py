"""BiDO with the normalised HSIC as its dependence measure."""

from trainables.defenses.bido import BiDO, Measure
from trainables.defenses.dependence import dependence, normalised


class BiDOHSIC(BiDO):
    """d(a, b) = Tr(R_a R_b), in [0, m - 1] for a batch of m."""

    def __init__(self, lambda_x: float, lambda_y: float) -> None:
        super().__init__(lambda_x, lambda_y, Measure(normalised, dependence))
