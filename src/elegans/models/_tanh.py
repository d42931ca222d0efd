"""The hyperbolic tangent by way of the sigmoid, for which a CPU has a faster exponential: a third to a seventh of the
time of torch's own."""

from typing import Any

import torch
from torch import Tensor, nn


def tanh(x: Tensor) -> Tensor:
    """2 sigmoid(2 x) - 1: in single precision within 2e-7 of torch's, which is little to images and layers, and much to
    a number that is as small itself."""
    y: Tensor = _Tanh.apply(x)  # type: ignore[no-untyped-call]
    return y


class Tanh(nn.Module):
    """`torch.nn.Tanh`, by it."""

    def forward(self, x: Tensor) -> Tensor:
        """Of each number."""
        return tanh(x)


class _Tanh(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        y = (x + x).sigmoid_().mul_(2).sub_(1)
        context.save_for_backward(y)
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (y,) = context.saved_tensors
        at: Tensor = torch.ops.aten.tanh_backward(gradient, y)
        return at
