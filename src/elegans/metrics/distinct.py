"""Distinct images: whether a model makes more than a few images of each class over and over."""

from operator import truediv

import numpy as np
from jaxtyping import Float

from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

EACH = 10  # images of a class: ten classes of ten make a hundred, and the share is a percentage
APART = 15.0  # of 255; nine of ten pairs of one digit in MNIST are 53 to 105 apart


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """The share of images that are no repetition: `distinct`, above 0 to 1, and `distinct_worst`, that of the class
    with the lowest one: a class that is one image over and over hides in .91.

    Of each class the first ten are looked at, in their order: one is distinct if it differs from all distinct ones
    before it by more than 15 of 255 levels, root mean square over pixels and channels. The class is the one that was
    asked for; without labels, the one the extractor sees. The first of a class is always distinct: one image a class
    repeated is .1, where there are ten of each.

    It finds a collapse within classes that the eye would find. It is blind to a shift, which makes a copy another
    image, and noise makes all images distinct.

    Raises:
        RequestError: no image, or no labels and logits that are not finite.
    """
    enough("distinct", 1, fake=fake)
    if fake.labels is None:
        comparable("logits", fake=fake)
    classes = fake.logits.argmax(1) if fake.labels is None else fake.labels
    kept, looked = [], []
    for label in np.unique(classes):
        images = fake.images[np.flatnonzero(classes == label)[:EACH]].astype(np.float32)
        kept.append(distinct(images.reshape(len(images), -1)))
        looked.append(len(images))
    return {"distinct": sum(kept) / sum(looked), "distinct_worst": min(map(truediv, kept, looked))}


def distinct(images: Float[np.ndarray, "n d"]) -> int:
    """How many of the images, a row of values from 0 to 255 each, differ from all that were counted before them."""
    kept: list[int] = []
    for i, image in enumerate(images):
        if (np.square(images[kept] - image).mean(1) > APART**2).all():
            kept.append(i)
    return len(kept)
