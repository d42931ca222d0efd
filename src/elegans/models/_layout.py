"""How things lie in memory where they are fastest on a CPU.

Between rows and maps the channels of a pixel are together: torch's own layers leave a map, or its gradient, the other
way round at these two borders, and whatever works on both kinds at once (an activation's gradient, say) takes twenty
times as long.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn


def together(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The same maps, and later their gradient, with the channels of a pixel together."""
    maps: Tensor = _Together.apply(x)  # type: ignore[no-untyped-call]
    return maps


class Unflatten(nn.Unflatten):
    """Rows to maps."""

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        """The same values."""
        return together(super().forward(x))


class Flatten(nn.Module):
    """Maps to rows, channel by channel."""

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """The same values."""
        return together(x).flatten(1)


def lay(network: nn.Module) -> None:
    """Let the weights of its linear layers lie as their products are fastest, when they have their first values: a
    column together, where torch has the rows. With a few inputs that is five times as fast."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data = layer.weight.data.t().contiguous().t()


class _Together(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return together(gradient)
