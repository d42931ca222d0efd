"""What an encoder says of images."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Code(NamedTuple):
    """The codes of n images; from a variational encoder, the mean and log-variance of a Gaussian for each."""

    mean: Float[Tensor, "n d"]
    log_variance: Float[Tensor, "n d"] | None = None
