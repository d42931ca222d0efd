"""The classifier's score: whether each image clearly is of one class, and all together are of many."""

import numpy as np
from jaxtyping import Float

from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

OF_CLASSES = True  # it means something only where the extractor knows the classes of the data set


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How clear and how varied the classes are that the extractor sees: `score`, from 1 to the number of classes.

    It is the "Inception score" if the extractor is Inception. It never looks at real images, so that one perfect image
    of each class is enough for the best; real held-out images have the score to aim at.

    Raises:
        RequestError: no image, or logits that are not finite.
    """
    enough("score", 1, fake=fake)
    comparable("logits", fake=fake)
    return {"score": score(fake.logits)}


def score(logits: Float[np.ndarray, "n k"]) -> float:
    """exp of the mean over the images of KL(p(y|x) || p(y)), from 1 to k; Salimans et al. 2016 (arXiv:1606.03498).

    All images are one split. The customary mean over ten depends on the order of the images, down to 1 for images
    sorted by class, and a tenth of them makes it smaller.

    Args:
        logits: finite.
    """
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    # the entropy of the mean less the mean entropy: the divergences themselves have log 0 for a class never seen
    return float(np.exp(_entropy(np.exp(log_p).mean(0)) + (np.exp(log_p) * log_p).sum(1).mean()))


def _entropy(p: Float[np.ndarray, " k"]) -> float:
    """In nats."""
    seen = p[p > 0]
    return -float((seen * np.log(seen)).sum())
