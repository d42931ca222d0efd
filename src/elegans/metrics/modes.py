"""Modes: how many of the classes a model makes at all, and how far it is from making them as often as they are."""

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged

LESS_IS_BETTER = ("mode_kl",)
OF_CLASSES = True  # it means something only where the extractor knows the classes of the data set


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How many classes the extractor sees among the generated images, and how unlike the real ones their shares are.

    Lin et al. 2018, PacGAN (arXiv:1712.04086), where it is the 1,000 classes of stacked digits.

    - modes: classes seen at least once, from 1 to as many as the extractor knows. With fewer than some ten images a
      class not even real ones reach all.
    - mode_kl: KL(p_fake || p_real) of the shares of the classes, in nats, at least 0 (see `divergence`). For real
      images it is about (classes - 1) (1 / n_fake + 1 / n_real) / 2.

    Raises:
        RequestError: no image, or logits that are not finite or of different widths.
    """
    enough("modes", 1, fake=fake, real=real)
    comparable("logits", fake=fake, real=real)
    k = fake.logits.shape[1]
    seen, expected = (np.bincount(x.logits.argmax(1), minlength=k) for x in (fake, real))
    return {"modes": float((seen > 0).sum()), "mode_kl": divergence(seen, expected)}


def divergence(seen: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    """Σ p log(p / q) in nats, of the shares of counts [k]; at least 0.

    A class that is seen and was never expected counts as expected half a time, or one image would make it infinite.
    """
    q: Float[np.ndarray, " k"] = np.where((seen > 0) & (expected == 0), 0.5, expected)
    p, there = seen / seen.sum(), seen > 0
    return max(0.0, float((p[there] * np.log(p[there] / (q / q.sum())[there])).sum()))
