"""Structural similarity: how alike two images are to the eye, which forgives a change of light and minds a blur."""

import torch
from jaxtyping import Num
from torch import Tensor
from torch.nn.functional import conv2d

from elegans.errors import RequestError

WINDOW, SIGMA = 11, 1.5  # of the Gaussian window, in pixels
C1, C2 = 0.01**2, 0.03**2  # for values from 0 to 1
BLOCK = 256  # images at a time: memory stays flat


@torch.no_grad()
def ssim(a: Num[Tensor, "n c h w"], b: Num[Tensor, "n c h w"]) -> Num[Tensor, " n"]:
    """How alike the images of each pair are, 1 for the same and below; float64, on the device of the images.

    Wang et al. 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE Transactions on
    Image Processing 13(4), equation 13, with its constants: (2 μa μb + C1) (2 σab + C2) / (μa² + μb² + C1) (σa² + σb² +
    C2) under an 11x11 Gaussian window, averaged over the windows that lie in the image as a whole. Of colours it is the
    mean over the channels. Flat black is alike to flat black only: on digits, windows of mere background count as 1.

    Args:
        a: images, uint8 or float in [0, 1].
        b: others of the same shape and type.

    Raises:
        RequestError: images smaller than the window.
        ValueError: different shapes or types, or floats that are not in [0, 1].
    """
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(f"images are {a.dtype} {list(a.shape)} and {b.dtype} {list(b.shape)}, not alike")
    if min(a.shape[2:]) < WINDOW:
        raise RequestError(f"ssim needs images of at least {WINDOW}x{WINDOW}, not {a.shape[2]}x{a.shape[3]}")
    blocks = (slice(first, first + BLOCK) for first in range(0, len(a), BLOCK))
    return torch.cat([_of_block(_unit(a[block]), _unit(b[block])) for block in blocks])


def _of_block(a: Tensor, b: Tensor) -> Tensor:
    mean_a, mean_b = _blurred(a), _blurred(b)
    both = mean_a * mean_b
    squares = mean_a.square() + mean_b.square()
    covariance = _blurred(a * b) - both
    variances = _blurred(a.square() + b.square()) - squares
    alike = (2 * both + C1) * (2 * covariance + C2) / ((squares + C1) * (variances + C2))
    return alike.flatten(1).mean(1)


def _blurred(x: Tensor) -> Tensor:
    """The weighted mean under the window wherever it lies in the image as a whole."""
    place = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = (-place.square() / (2 * SIGMA**2)).exp()
    weights /= weights.sum()
    single = x.flatten(0, 1).unsqueeze(1)
    down = conv2d(conv2d(single, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return down.view(*x.shape[:2], *down.shape[2:])


def _unit(x: Tensor) -> Tensor:
    """In [0, 1], in float64: a variance is a small difference of large squares."""
    if x.dtype == torch.uint8:
        return x.double() / 255
    if not x.is_floating_point() or not (x.min() >= 0 and x.max() <= 1):
        raise ValueError("images are uint8, or floats in [0, 1]")
    return x.double()
