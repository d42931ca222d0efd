"""Between rows and maps: the channels of a pixel lie together in memory, as convolutions are fastest on a CPU.

torch's own layers leave a map, or its gradient, the other way round at these two borders, and whatever works on both
kinds at once (an activation's gradient, say) takes twenty times as long.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Unflatten(nn.Unflatten):
    """Rows to maps."""

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        """The same values, the channels of a pixel together."""
        return super().forward(x).contiguous(memory_format=torch.channels_last)


class Flatten(nn.Module):
    """Maps to rows, channel by channel; the gradient comes back as maps whose channels lie together."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The same values."""
        rows: Tensor = _Rows.apply(x)  # type: ignore[no-untyped-call]
        return rows


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.shape = x.shape
        return x.flatten(1)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient.view(context.shape).contiguous(memory_format=torch.channels_last)
