"""Dropout that stays on when the network is used."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import dropout


class PermanentDropout(nn.Module):
    """Dropout (Srivastava et al. 2014) in training and in evaluation: units are set to 0, the rest divided by 1 - p.

    In training each sample has a mask of its own. In evaluation all samples have the one mask that was drawn when the
    layer was made and is saved with its weights, so that a latent is one image and a walk does not flicker. With
    `fresh` set, which may be done at any time, each sample has its own in evaluation too, drawn from torch's global
    generator: a latent is then a cloud of images.

    Args:
        features: how many units the layer before has.
        p: share of units dropped, from 0 up to but not 1.
        fresh: draw new masks in evaluation.

    Raises:
        ValueError: a p out of that range.
    """

    kept: Tensor

    def __init__(self, features: int, p: float, fresh: bool = False) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"the share of units dropped is at least 0 and below 1, not {p}")
        self.p, self.fresh = p, fresh
        self.register_buffer("kept", torch.rand(features) >= p)

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """The same units, some of them 0."""
        if self.training or self.fresh:
            return dropout(x, self.p, training=True)
        return x * self.kept / (1 - self.p)
