"""How far apart two sets of vectors are as distributions: the maximum mean discrepancy with Gaussian kernels.

A generator trained to make it small needs no discriminator: a generative moment matching network (Li et al. 2015,
arXiv:1502.02761). For example, for points of the plane in batches of 200:

    for real in batches:  # [200, 2]
        loss = squared_mmd(generator(torch.randn(200, 8)), real, [0.1, 0.3, 1.0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

It is no pair in `losses.py`. A discriminator trained to make it large on its scores would learn to tell, but not which
side is real, which what is said of scores everywhere takes for granted; and as the kernels are bounded, it wins for
good as soon as its scores are a few bandwidths apart, where no gradient is left.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def squared_mmd(
    x: Float[Tensor, "n d"], y: Float[Tensor, "m d"], bandwidths: Sequence[float], biased: bool = False
) -> Float[Tensor, ""]:
    """E k(x, x') - 2 E k(x, y) + E k(y, y'), where k(a, b) = Σ exp(-|a - b|² / 2σ²) over the bandwidths σ.

    Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR 13: lemma 6. It is 0 in expectation where both come from one
    distribution, and at most twice the number of bandwidths.

    Args:
        x: vectors.
        y: other vectors, as many or not.
        bandwidths: the σ, in the units of the vectors; several see differences of several sizes.
        biased: count each vector's pair with itself too, as Li et al. do (equation 3): never negative, but above 0
            for samples of one distribution. Without it each set has at least two.

    Raises:
        ValueError: no bandwidth, one that is not positive, or an empty set; without bias also a set of one.
    """
    if not bandwidths or min(bandwidths) <= 0:
        raise ValueError(f"bandwidths are positive numbers, at least one, not {list(bandwidths)}")
    if min(len(x), len(y)) < (1 if biased else 2):
        raise ValueError(f"{len(x)} and {len(y)} vectors are too few to estimate a discrepancy")
    return _mean(x, x, bandwidths, not biased) - 2 * _mean(x, y, bandwidths) + _mean(y, y, bandwidths, not biased)


def _mean(x: Tensor, y: Tensor, bandwidths: Sequence[float], others: bool = False) -> Tensor:
    """Of the kernel over all pairs; with `others`, of x and y one set, over pairs of two."""
    square = (x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.t()).clamp(min=0)
    kernel = torch.stack([(-square / (2 * width**2)).exp() for width in bandwidths]).sum(0)
    if not others:
        return kernel.mean()
    return (kernel.sum() - kernel.diagonal().sum()) / (len(x) * (len(x) - 1))
