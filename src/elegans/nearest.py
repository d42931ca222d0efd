"""Which training images samples are nearest to, so that one sees whether they are copies. Imports no torch."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
NEIGHBOURHOOD = 5  # training images; with the 50 of Carlini et al. half as many noisy copies of digits are found
RARE = 0.01  # the share of real images that pass for copies
BLOCK = 1024  # images compared at a time: memory stays flat however large the data set is


def nearest(images: Bytes, among: Bytes, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k nearest of `among` to each image, the nearest first, in pixel space.

    The distance is the root of the mean squared difference of the pixels, from 0 to 255: the L2 distance of the images
    divided by the root of the number of their values, so that it means the same at every size. It is blind to a shift
    or a mirror, and blurred images are near to everything: a small distance to one image and to no other is a copy, a
    small median alone is not.

    Args:
        images: uint8 [n, c, h, w].
        among: uint8 [m, c, h, w]; may be memory-mapped.
        k: how many, at most m.

    Returns:
        Their places in `among` and their distances, [n, k] both.
    """
    flat, rows = _flat(images), np.arange(len(images))
    found = np.zeros((len(images), k), np.int64)
    least = np.full((len(images), k), np.inf, np.float32)
    for first in range(0, len(among), BLOCK):
        part = _flat(among[first : first + BLOCK])
        squares = np.square(part).sum(1) - 2 * flat @ part.T  # less what is the same for all, the image's own square
        both = np.concatenate([least, squares], 1)
        chosen = np.argpartition(both, k - 1, 1)[:, :k]
        places = np.concatenate([found, np.broadcast_to(first + np.arange(len(part)), squares.shape)], 1)
        least, found = both[rows[:, None], chosen], places[rows[:, None], chosen]
    # once more without the rounding of large sums, so that a copy is at distance 0
    exact = np.stack([np.sqrt(np.square(flat - _flat(among[at])).mean(1)) for at in found.T], 1) * 255
    order = np.argsort(exact, 1, kind="stable")
    return found[rows[:, None], order], exact[rows[:, None], order]


def isolation(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """How near the nearest is, in units of how near the k-th nearest is: 0 for an exact copy, at most 1.

    The idea is that of Carlini et al. 2023 (arXiv:2301.13188), section 5, who divide by the mean of the 50 nearest:
    what counts as near is said by the neighbourhood. A near copy is found of an image that is there up to k - 1 times.

    Args:
        distances: [n, k], to the k nearest training images, the nearest first.
    """
    first, last = distances[:, 0].astype(np.float64), distances[:, -1]
    share = np.zeros(len(first))
    np.divide(first, last, out=share, where=last > 0)
    return share


def _flat(images: Bytes) -> NDArray[np.float32]:
    """A row of values from -0.5 to 0.5 an image."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255) - np.float32(0.5)
