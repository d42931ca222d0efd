"""Precision, recall, density and coverage: whether images look real, apart from whether all real ones are reached."""

import numpy as np
from jaxtyping import Float

from elegans.metrics._check import comparable, enough
from elegans.metrics._judged import Judged
from elegans.metrics._neighbours import balls, centred, squares

K = 5  # for sets of one distribution and size coverage is then 1 - 2⁻⁵ = .97, near enough to 1 and not yet there always


def compute(fake: Judged, real: Judged) -> dict[str, float]:
    """How much of what is generated looks real, and how much of what is real is generated.

    See `prdc`. For two sets of real images density is about 1 and coverage .97, if they are as many; precision and
    recall are below 1 and depend on the extractor and the number of images, and so have to be read against theirs.

    Raises:
        RequestError: fewer than 6 images, features that are not finite, or real ones that are all the same.
    """
    enough("prdc", K + 1, fake=fake, real=real)
    comparable("features", fake=fake, real=real)
    return prdc(fake.features, real.features, K)


def prdc(fake: Float[np.ndarray, "n d"], real: Float[np.ndarray, "m d"], k: int) -> dict[str, float]:
    """Whether points lie in the balls of the other set: about each point, as far as its k-th nearest neighbour.

    - precision: the share of fakes in at least one real ball, 0 to 1. Kynkäänniemi et al. 2019 (arXiv:1904.06991),
      equations 1 and 2. One outlier of the real set has a ball that takes in much.
    - recall: the share of reals in at least one fake ball, 0 to 1. The balls of fakes that are all over are large.
    - density: how many real balls a fake is in, in units of k: at least 0, 1 on average for one distribution.
      Naeem et al. 2020 (arXiv:2002.09797), section 3.
    - coverage: the share of reals in whose ball is at least one fake, 0 to 1; the same authors. It is the one that sees
      a mode that was dropped.

    A point on the surface is outside, as in the code of Naeem et al.: the ball of a point that has k copies of itself
    is empty, and a set is of density 1 against itself. Time grows with n m, memory does not.

    Args:
        fake: features, more than k rows.
        real: others of the same width, more than k rows.
        k: at least 1.
    """
    real, fake = centred(real, fake)
    of_real, of_fake = balls(real, k), balls(fake, k)
    precise, inside = 0, 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, distances in squares(fake, real):
        within = distances < of_real
        precise += int(within.any(1).sum())
        inside += int(within.sum())
        covered |= within.any(0)
        recalled |= (distances < of_fake[rows, None]).any(0)
    return {
        "precision": precise / len(fake),
        "recall": float(recalled.mean()),
        "density": inside / (k * len(fake)),
        "coverage": float(covered.mean()),
    }
