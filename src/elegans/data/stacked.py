"""Stacked digits: three of MNIST's as red, green and blue, 28x28, and so 1,000 classes: what counts lost modes."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from elegans import find
from elegans.data._about import About, Arrays

about = About(
    source="stacked by elegans from MNIST, after Metz et al. 2017 (arXiv:1611.02163)",
    licence="as MNIST",
    count="as many as asked for, every class equally often",
    here="stacked when asked for, needs the files of mnist",
)
extractor = "stacked"  # the one that judges images made like these


def build(
    root: str | None = None,
    split: Literal["train", "test"] = "train",
    n: Annotated[int, Field(gt=0)] = 60_000,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Arrays:
    """Images as uint8 [n, 3, 28, 28] and their classes as int64 [n]: 100 times the red digit, 10 times the green one
    and the blue one.

    Every class is there equally often, up to one image, and its digits are drawn with replacement.

    Args:
        root: as for `mnist`.
        split: the digits of which set; of the test set there are 10,000 images, whatever n is.
        n: how many.
        seed: of what is drawn.

    Raises:
        RequestError: as for `mnist`.
        Failure: as for `mnist`.
    """
    images, labels = find.find("data", "mnist").build(root, split)
    n = 10_000 if split == "test" else n
    draw = np.random.default_rng([seed, split == "test"])
    classes = draw.permutation(np.arange(n) % 1000).astype(np.int64)
    of_class = [np.flatnonzero(labels == digit) for digit in range(10)]
    stacked = np.empty((n, 3, *images.shape[2:]), np.uint8)
    for channel, weight in enumerate((100, 10, 1)):
        wanted = classes // weight % 10
        for digit, places in enumerate(of_class):
            at = np.flatnonzero(wanted == digit)
            stacked[at, channel] = images[draw.choice(places, len(at)), 0]
    return stacked, classes
