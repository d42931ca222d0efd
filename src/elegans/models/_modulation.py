"""Batch norm that listens to the latent."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Norm(nn.Module):
    """Batch norm, whose scale and shift are linear in a code of so many values, or without one learnt as they are.

    With the latent as the code it is self-modulation (Chen et al. 2019, arXiv:1810.01365, equation 2, without a hidden
    layer): the latent decides again at every layer.
    """

    def __init__(self, channels: int, values: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not values)
        self.affine = nn.Linear(values, 2 * channels) if values else None
        if self.affine is not None:  # it begins as batch norm does
            nn.init.zeros_(self.affine.weight)
            nn.init.zeros_(self.affine.bias)

    def forward(self, x: Float[Tensor, "n c h w"], code: Float[Tensor, "n v"]) -> Float[Tensor, "n c h w"]:
        """The maps, those of each image scaled and shifted by its code."""
        x = self.norm(x)
        if self.affine is None:
            return x
        scale, shift = self.affine(code)[:, :, None, None].chunk(2, 1)
        return torch.addcmul(shift, x, 1 + scale)
