"""The Fréchet distance: how far two sets are apart when the features of each are taken for a Gaussian."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

Reals = NDArray[np.float64]

LESS_IS_BETTER = ("fid",)


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How far the generated images are from the real ones, in their looks and their variety: `fid`, at least 0.

    In squared units of the features, so that numbers of different extractors cannot be compared; "FID" without more is
    that of Inception's 2,048. Neither can numbers of different counts of images: the estimate is too large by about
    c / n (Chong and Forsyth 2020, arXiv:1911.07023). With no more images than features the covariance is singular;
    that makes nothing undefined here, the bias is large there as it is a little above, and so two images are enough.
    The distance of as many held-out real images is what a number has to be read against.

    Raises:
        RequestError: fewer than 2 images, features that are not finite, or real ones that are all the same.
    """
    enough("fid", 2, fake=fake, real=real)
    comparable("features", fake=fake, real=real)
    return {"fid": frechet(fake.features, real.features)}


def frechet(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> float:
    """|μ_a - μ_b|² + tr(C_a + C_b - 2 (C_a C_b)^½), at least 0.

    Heusel et al. 2017 (arXiv:1706.08500), equation 6, with the unbiased covariances C. Where C = RᵀR, the trace of the
    root is the sum of the singular values of R_a R_bᵀ. No matrix is squared and no root taken of what should be 0 and
    is 1e-16, which is where a general matrix square root loses half of the digits, or turns complex.

    Args:
        a: features, at least two rows.
        b: others of the same width.
    """
    (mean_a, root_a), (mean_b, root_b) = _gaussian(a), _gaussian(b)
    shared = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    distance = np.square(mean_a - mean_b).sum() + np.square(root_a).sum() + np.square(root_b).sum() - 2 * shared
    return max(0.0, float(distance))


def _gaussian(x: Float[np.ndarray, "n d"]) -> tuple[Reals, Reals]:
    """The mean, and an R for which RᵀR is the covariance."""
    mean = x.mean(0, dtype=np.float64)
    centred: Reals = (x - mean) / np.sqrt(len(x) - 1)
    root: Reals = np.asarray(np.linalg.qr(centred, mode="r"))  # its stub promises a Q too
    return mean, root
