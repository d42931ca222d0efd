"""XOR: two grey pixels, each dark or bright; the class is whether they differ; the fastest test of a GAN."""

from typing import Annotated

import numpy as np
from pydantic import Field

from elegans.data._about import About, Arrays, no_root

about = About(
    source="drawn by elegans, after an example of gandlf",
    licence="CC0",
    count="as many as asked for",
    here="drawn when asked for, needs no files",
)


def build(
    root: str | None = None,
    n: Annotated[int, Field(gt=0)] = 2000,
    spread: Annotated[float, Field(ge=0, le=0.5)] = 0.05,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Arrays:
    """Pairs of pixels as uint8 [n, 1, 1, 2] and their classes, 0 alike or 1 different, as int64 [n].

    A pixel is a quarter or three quarters of the way to white, by the toss of a coin, give or take a normal deviate.
    Image i is the same whatever n is.

    Args:
        root: must be None.
        n: how many.
        spread: standard deviation of a pixel, as a share of the way from black to white.
        seed: of the drawing.

    Raises:
        RequestError: a root is given.
    """
    no_root("xor", root)
    draws = np.random.default_rng(seed).standard_normal((n, 4))  # a row an image: n changes none
    bright = draws[:, :2] > 0
    pixels = np.where(bright, 0.75, 0.25) + spread * draws[:, 2:]
    labels = (bright[:, 0] != bright[:, 1]).astype(np.int64)
    return np.rint(pixels * 255).clip(0, 255).astype(np.uint8)[:, None, None], labels
