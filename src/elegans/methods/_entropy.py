"""The binary cross-entropy of images, with one logarithm for dozens of pixels."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

MOST = 112  # pixels a logarithm: each factor is at least 1/2, and 2^-112 is still a normal number


def cross_entropy(logits: Float[Tensor, "n d"], targets: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """What each image costs in nats, the sum over its pixels: the negative log-likelihood of Bernoulli variables.

    Equal to torch's `binary_cross_entropy_with_logits` and a sum, in about a third of the time: the sum of logarithms
    is the logarithm of a product, and the gradient is a difference that needs none. It can be differentiated once.

    Args:
        logits: of pixels, any real numbers, float32 or wider.
        targets: the pixels, in [0, 1]; no gradient passes to them.
    """
    cost: Tensor = _CrossEntropy.apply(logits, targets)  # type: ignore[no-untyped-call]
    return cost


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, logits: Tensor, targets: Tensor) -> Tensor:
        n, d = logits.shape
        together = next(k for k in range(min(d, MOST), 0, -1) if d % k == 0)
        probability = logits.sigmoid()
        # log(1 + exp(-|x|)) is minus the logarithm of the likelier value's probability
        likelier = (probability - 0.5).abs_().add_(0.5)
        logarithms = likelier.view(n, d // together, together).prod(2).log_().sum(1)
        context.save_for_backward(probability.sub_(targets))
        linear = torch.clamp(logits, min=0, out=likelier)  # in memory that is at hand
        return linear.addcmul_(logits, targets, value=-1).sum(1).sub_(logarithms)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (difference,) = context.saved_tensors
        return difference * gradient.unsqueeze(1), None
