"""Dropout whose masks cost next to nothing, and one that stays on when the network is used."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


def dropout(x: Float[Tensor, "..."], p: float, training: bool = True) -> Float[Tensor, "..."]:
    """In training some units 0, each with chance p to the nearest 1/65536, and the rest divided by 1 - p of that.

    On a CPU torch draws a double for each unit, one at a time, which takes longer than a layer's activation and its
    optimiser together. Sixteen bits say the same, and four times sixteen are one draw of torch's global generator.
    """
    if not training or not p:
        return x
    if x.device.type != "cpu":
        return functional.dropout(x, p)
    mask: Tensor = torch.ops.elegans.dropout_mask(x.detach(), p)
    return x * mask


def _mask(like: Tensor, p: float) -> Tensor:
    values, dropped = 2**16, min(round(p * 2**16), 2**16 - 1)
    bits = torch.empty((like.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
    mask = torch.empty_like(like)  # lies in memory as x does
    kept = bits[: like.numel()].as_strided(mask.shape, mask.stride()) >= dropped - values // 2
    return mask.copy_(kept).mul_(values / (values - dropped))


# an operation of its own: TorchScript has none that takes sixteen bits out of sixty-four
_operations = torch.library.Library("elegans", "FRAGMENT")  # type: ignore[no-untyped-call]
_operations.define("dropout_mask(Tensor like, float p) -> Tensor")  # type: ignore[no-untyped-call]
_operations.impl("dropout_mask", _mask, "CPU")  # type: ignore[no-untyped-call]


class Dropout(nn.Dropout):
    """Dropout (Srivastava et al. 2014, Journal of Machine Learning Research 15): torch's, faster on a CPU."""

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """In training the same units, some of them 0; in evaluation x."""
        return dropout(x, self.p, self.training)


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
            return dropout(x, self.p)
        return x * self.kept / (1 - self.p)
