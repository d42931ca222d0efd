"""What a metric is given: images, the labels they were asked for, and what an extractor sees in them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray


class Judged(NamedTuple):
    """A set of n images and what an extractor says of them.

    Attributes:
        images: uint8 [n, c, h, w]; may be memory-mapped.
        labels: int64 [n], the class each was asked for or has; None where there are none.
        features: float32 [n, d], of the extractor's last hidden layer.
        logits: float32 [n, k], what the extractor says of its classes.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    features: Float[np.ndarray, "n d"]
    logits: Float[np.ndarray, "n k"]
