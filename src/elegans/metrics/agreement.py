"""Class agreement: whether a conditional model makes what it is asked for."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from elegans.errors import RequestError
from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

OF_CLASSES = True  # it means something only where the extractor knows the classes of the data set


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How often the extractor sees the class that was asked for; nothing for images without labels.

    `agreement` is the share of the images, `agreement_worst` that of the class with the lowest one, among those that
    were asked for: 0 to 1 both. A class of ten that fails entirely hides in an agreement of .9. The extractor errs as
    well: its accuracy on real images is the most that can be expected.

    Raises:
        RequestError: no image, logits that are not finite, or labels the extractor has no class for.
    """
    if fake.labels is None:
        return {}
    enough("agreement", 1, fake=fake)
    comparable("logits", fake=fake)
    table = confusion(fake.labels, fake.logits)
    right, asked = table.diagonal(), table.sum(1)
    worst = (right[asked > 0] / asked[asked > 0]).min()
    return {"agreement": float(right.sum() / asked.sum()), "agreement_worst": float(worst)}


def confusion(labels: NDArray[np.int64], logits: Float[np.ndarray, "n k"]) -> NDArray[np.int64]:
    """How many images of each class are taken for which, [k, k]: a row what was asked for, a column what is seen.

    Args:
        labels: int64 [n], from 0 to k - 1.
        logits: the largest is the class seen.

    Raises:
        RequestError: a label out of that range.
    """
    k = logits.shape[1]
    if len(labels) and not 0 <= labels.min() <= labels.max() < k:
        span = f"labels from {labels.min()} to {labels.max()}"
        raise RequestError(f"{span}, but the extractor's classes are 0 to {k - 1}: take one made for this data set")
    return np.bincount(labels * k + logits.argmax(1), minlength=k * k).reshape(k, k)
