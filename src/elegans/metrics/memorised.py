"""Memorised images: whether a model makes the images it was trained on again."""

import numpy as np
import torch
from jaxtyping import Float

from elegans import seeds
from elegans.errors import RequestError
from elegans.metrics import _neighbours
from elegans.metrics._check import comparable, enough, same_shape
from elegans.metrics._judged import Judged
from elegans.nearest import NEIGHBOURHOOD, RARE, Bytes, isolation, nearest

MOST = 2000  # images of a set: a share of 1 % is then known to ± .3 %, in seconds
LESS_IS_BETTER = ("copies",)


def compute(fake: Judged, real: Judged, train: Judged) -> dict[str, float]:
    """How much nearer than unseen real images the generated ones are to images of the training.

    - memorised_pixels: the median distance of generated images to the nearest training image, over that of real ones
      which were not trained on. About 1 for images like unseen ones, towards 0 for copies. Blurred images are near to
      everything, and come out below 1 as well.
    - memorised_features: the same between features, where a copy is one though shifted or of another contrast.
    - copies: the share of generated images with one training image far nearer than the next ones, by `isolation`, as
      only 1 % of unseen real ones have it: .01 is nothing, 1 all copies. Plain distance would not do: the nearest
      of MNIST are ones, which resemble each other anyhow, so that the threshold is theirs, and a little noise hides a
      copy of any other digit. Shifted copies are not found.

    Of more than 2,000 generated or real images, 2,000 are drawn, always the same. Training images are all looked at,
    a block at a time.

    Args:
        fake: generated images.
        real: held-out ones; with those of the training the comparison is void.
        train: all that was trained on.

    Raises:
        RequestError: no generated or real image, fewer than two of the training, different shapes of images, features
            that are not finite, or real images most of which are in the training set.
    """
    enough("memorised", 1, fake=fake, real=real)
    enough("memorised", 2, train=train)
    same_shape(fake=fake, real=real, train=train)
    comparable("features", fake=fake, real=real, train=train)
    made, unseen = _some(fake, "memorised, fake"), _some(real, "memorised, real")
    k = min(NEIGHBOURHOOD, len(train.images))
    of_made, of_unseen = (nearest(some.images, train.images, k)[1] for some in (made, unseen))
    threshold = np.quantile(isolation(of_unseen), RARE)
    in_features = (_neighbours.nearest(some.features, train.features) for some in (made, unseen))
    return {
        "memorised_pixels": _ratio(of_made[:, 0], of_unseen[:, 0]),
        "memorised_features": _ratio(*in_features),
        "copies": float((isolation(of_made) <= threshold).mean()),
    }


def _ratio(fake: Float[np.ndarray, " n"], real: Float[np.ndarray, " m"]) -> float:
    """Of the medians."""
    usual = float(np.median(real))
    if not usual:
        raise RequestError("most of the real images are in the training set: memorised needs ones that are held out")
    return float(np.median(fake)) / usual


def _some(judged: Judged, purpose: str) -> Judged:
    """At most so many, drawn, as images are often in an order: of the classes, or one of each in turn."""
    n = len(judged.images)
    at = torch.randperm(n, generator=seeds.generator(0, 0, purpose))[:MOST].sort().values.numpy()
    images: Bytes = judged.images[at]
    return Judged(images, None, judged.features[at], judged.logits[at])
