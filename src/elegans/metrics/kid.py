"""The kernel distance: how far two sets are apart, without a Gaussian and without the bias of the Fréchet distance."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray

from elegans import seeds
from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

SUBSETS = 100
SIZE = 1000  # images of each set in a subset at most, as in the paper: time and memory do not grow with the sets
LESS_IS_BETTER = ("kid", "kid_std")


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How far the generated images are from the real ones: `kid` is 0 on average for one distribution, or a bit less.

    The mean of `mmd` over 100 random subsets of 1,000 images of each set, always drawn alike ("KID" if the extractor is
    Inception). It is not biased, so that numbers of different counts of images can be compared. `kid_std` is the
    standard deviation over the subsets: how sure a subset of that size is, not how sure their mean is. A subset is at
    most half of the smaller set, else all would be one and the deviation 0.

    Raises:
        RequestError: fewer than 4 images, features that are not finite, or real ones that are all the same.
    """
    enough("kid", 4, fake=fake, real=real)
    comparable("features", fake=fake, real=real)
    size = min(SIZE, len(fake.features) // 2, len(real.features) // 2)
    found = []
    for i in range(SUBSETS):
        draw = seeds.generator(0, i, "kid")
        a, b = (x[torch.randperm(len(x), generator=draw)[:size].numpy()] for x in (fake.features, real.features))
        found.append(mmd(a, b))
    return {"kid": float(np.mean(found)), "kid_std": float(np.std(found))}


def mmd(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> float:
    """E k(a, a') - 2 E k(a, b) + E k(b, b') over pairs of two, with the kernel k(x, y) = (x·y / d + 1)³.

    Bińkowski et al. 2018 (arXiv:1801.01401), section 4. It compares the first three moments.

    Args:
        a: features, at least two rows.
        b: others of the same width.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    return _others(a) - 2 * float(_kernel(a, b).mean()) + _others(b)


def _kernel(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    base: NDArray[np.float64] = x @ y.T / x.shape[1] + 1
    return base * base * base  # three times as fast as a power of 3


def _others(x: Float[np.ndarray, "n d"]) -> float:
    """The mean of the kernel over all pairs of two."""
    kernel = _kernel(x, x)
    return float(kernel.sum() - kernel.trace()) / (len(x) * (len(x) - 1))
