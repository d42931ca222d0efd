"""Distances between many points, a block at a time: the memory does not grow with the product of their numbers."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

NUMBERS = 2**22  # distances at a time: 32 MB
NOTHING = 1e-10  # squares below this share of a point's own are what rounding leaves of 0
TIE = 1e-9  # by this much of its square a ball is smaller, so that rounding does not decide of what lies on its surface

Points = Float[np.ndarray, "n d"]
Others = Float[np.ndarray, "m d"]
Reals = NDArray[np.float64]


def centred(*sets: Float[np.ndarray, "_ d"]) -> list[Reals]:
    """Sets of points in float64 about the mean of the first: no digits are lost to what all have in common."""
    mean = sets[0].mean(0, dtype=np.float64)
    return [points - mean for points in sets]


def squares(points: Points, among: Others) -> Iterator[tuple[slice, Float[np.ndarray, "b m"]]]:
    """Squared Euclidean distances of all points to all others, some rows at a time, with which rows they are.

    Args:
        points: float64, centred.
        among: float64, centred at the same place.
    """
    own, rows = np.square(among).sum(1), max(1, NUMBERS // len(among))
    for first in range(0, len(points), rows):
        part = points[first : first + rows]
        norms = np.square(part).sum(1)[:, None]
        found = part @ among.T
        found *= -2
        found += norms
        found += own
        found[found < NOTHING * norms] = 0
        yield slice(first, first + len(part)), found


def balls(points: Points, k: int) -> Float[np.ndarray, " n"]:
    """The squared distance of each point to its k-th nearest other one, less a hair.

    Args:
        points: float64, centred, more than k.
        k: at least 1.
    """
    found = np.empty(len(points))
    for rows, block in squares(points, points):
        block[np.arange(len(block)), np.arange(len(points))[rows]] = np.inf  # a point is no neighbour of itself
        found[rows] = np.partition(block, k - 1, 1)[:, k - 1]
    return found * (1 - TIE)


def nearest(points: Points, among: Others) -> Float[np.ndarray, " n"]:
    """The Euclidean distance of each point to the nearest of the others.

    Args:
        points: as many as fit into the memory in float64.
        among: any number; float64 a block at a time.
    """
    here, mean = centred(points)[0], points.mean(0, dtype=np.float64)
    least, rows = np.full(len(points), np.inf), max(1, NUMBERS // max(points.shape))
    for first in range(0, len(among), rows):
        for part, block in squares(here, among[first : first + rows] - mean):
            np.minimum(least[part], block.min(1), out=least[part])
    distances: Reals = np.sqrt(least)
    return distances
