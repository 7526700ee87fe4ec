"""The dependence measures of BiDO (Peng et al. 2022): normalised HSIC and COCO.

For a batch of m rows and a kernel K: K~ = HKH with H = I - 11'/m. HSIC (NOCCO of Fukumizu et al. 2007) is
Tr(R_a R_b) with R = K~ (K~ + eps m I)^-1, in [0, m - 1]. COCO (Gretton et al. 2005) is sqrt(||K~_a K~_b||_F)
/ m, with the Frobenius norm of the published code where the literature has the spectral one. Features have
the Gaussian kernel exp(-D / (2 sigma^2 dim)) with sigma = 5 on squared distances D, labels the linear kernel.

Precision: the one product over all features is done in the features' own type, on rows from which the batch
mean is taken off (distances do not change, cancellation does); all m x m algebra is float64. Jitter: the
ridge eps m is the only one, and it is the estimator's own. K~ is positive semi-definite up to rounding far
below that ridge, so a Cholesky factor exists whenever the features are finite; otherwise the value is NaN.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

SIGMA = 5.0
"""Width of the Gaussian kernel, in units of the square root of the feature dimension."""

RIDGE = 1e-5
"""eps of the normalisation; the ridge is eps times the batch size."""

SMALLEST_NORM = 1e-30
"""Below this norm COCO is constant: the square root has no gradient at 0, where all rows are equal."""


def gaussian_kernel(rows: Tensor) -> Tensor:
    """Return the Gaussian kernel (m, m), float64, of ``rows`` (m, ...), flattened to (m, dim).

    Half precision is widened to float32 first.
    """
    return gaussian_kernels([rows])[0]


def gaussian_kernels(layers: Sequence[Tensor]) -> Tensor:
    """Return the Gaussian kernels (L, m, m), float64, of L layers of rows (m, ...), each as of one alone.

    All but the products of each layer is done for all layers together: on a GPU every small operation costs
    its launch.
    """
    grams = torch.stack([_centred_gram(rows.flatten(1)) for rows in layers])
    squares = grams.diagonal(dim1=-2, dim2=-1)
    distances = (squares[:, :, None] + squares[:, None, :] - grams - grams.mT).clamp_min(0)
    scales = [2 * SIGMA**2 * rows[0].numel() for rows in layers]
    return torch.exp(-distances / grams.new_tensor(scales)[:, None, None])


def _centred_gram(flat: Tensor) -> Tensor:
    """Return the products (m, m), float64, of rows (m, dim) from which their mean is taken off."""
    flat = flat.float() if flat.dtype in (torch.bfloat16, torch.float16) else flat
    flat = flat - flat.mean(0).detach()
    with torch.autocast(flat.device.type, enabled=False):
        return (flat @ flat.T).double()


def linear_kernel(rows: Tensor) -> Tensor:
    """Return the linear kernel (m, m), float64, of ``rows`` (m, dim)."""
    flat = rows.flatten(1).double()
    return flat @ flat.T


def label_kernel(labels: Tensor, num_classes: int) -> Tensor:
    """Return the linear kernel (m, m), float64, of the one-hot ``labels`` (m,): 1 where two labels agree."""
    return linear_kernel(torch.nn.functional.one_hot(labels, num_classes))


def centred(kernels: Tensor) -> Tensor:
    """Return K~ = HKH, exactly symmetric, of symmetric ``kernels`` (..., m, m)."""
    rows = kernels - kernels.mean(-2, keepdim=True)
    both = rows - rows.mean(-1, keepdim=True)
    return (both + both.mT) / 2


def normalised(kernels: Tensor) -> Tensor:
    """Return R = K~ (K~ + eps m I)^-1 of symmetric ``kernels`` (..., m, m), float64.

    NaN where they are not finite.
    """
    size = kernels.shape[-1]
    middle = centred(kernels)
    ridged = middle + RIDGE * size * torch.eye(size, dtype=kernels.dtype, device=kernels.device)
    factor, info = torch.linalg.cholesky_ex(ridged)
    factor = torch.where((info == 0)[..., None, None], factor, torch.nan)
    return torch.cholesky_solve(middle, factor)


def dependence(first: Tensor, second: Tensor) -> Tensor:
    """Return Tr(R_a R_b) of two normalised kernels (..., m, m), summed over the leading dimensions."""
    return (first * second).sum()  # both are symmetric


def frobenius_coco(first: Tensor, second: Tensor) -> Tensor:
    """Return sqrt(||K~_a K~_b||_F) / m of centred kernels (..., m, m), summed over the leading dimensions.

    >>> kernel = centred(torch.eye(4, dtype=torch.float64))
    >>> round(float(frobenius_coco(kernel, kernel)), 6) == round(3**0.25 / 4, 6)
    True
    """
    norms: Tensor = torch.linalg.matrix_norm(first @ second).clamp_min(SMALLEST_NORM)
    return norms.sqrt().sum() / first.shape[-1]


def normalised_hsic(first: Tensor, second: Tensor) -> Tensor:
    """Return the normalised HSIC of two batches of rows (m, ...) under Gaussian kernels, a float64 scalar.

    >>> rows = torch.arange(12.0, dtype=torch.float64).reshape(4, 3)
    >>> 0.99 < float(normalised_hsic(rows, rows)) <= 3.0
    True
    """
    return dependence(normalised(gaussian_kernel(first)), normalised(gaussian_kernel(second)))
