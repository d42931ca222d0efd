"""Nearest-neighbour upsampling and then a convolution, computed at the low resolution: the same function, cheaper."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle


class UpsampledConv(nn.Conv2d):
    """Twice nearest-neighbour upsampling, then a 5x5 convolution with zero padding, exactly.

    After the upsampling each input pixel stands four times, so that in each of the four phases of an output pixel
    (row and column even or odd) several of the 25 weights meet the same input pixel. Summed beforehand they are a 3x3
    kernel for each phase: 36 multiplications for four output pixels where there were 100, and the upsampled image is
    never made. Weights and bias are those of the 5x5 convolution.

    Args:
        inputs: channels in.
        outputs: channels out.
    """

    gather: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 5, padding=2)
        # [phase, low-resolution tap, tap of the 5x5 kernel]: row 2i + phase of the output sees the upsampled rows
        # 2i + phase - 2 ... 2i + phase + 2, which are copies of the input rows i - 1, i, i + 1
        even = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
        odd = [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
        self.register_buffer("gather", torch.tensor([even, odd], dtype=torch.float32), persistent=False)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h2 w2"]:
        """Images of twice the height and width."""
        rows = torch.einsum("pat,oitu->poiau", self.gather.to(self.weight.dtype), self.weight)
        kernel = torch.einsum("qbu,poiau->opqiab", self.gather.to(self.weight.dtype), rows)
        kernel = kernel.flatten(0, 2).contiguous(memory_format=torch.channels_last)
        assert self.bias is not None
        return pixel_shuffle(conv2d(x, kernel, self.bias.repeat_interleave(4), padding=1), 2)
