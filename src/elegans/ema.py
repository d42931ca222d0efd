"""Exponential moving average of a network's weights (Karras et al. 2020, arXiv:1912.04958; Yazici et al. 2019)."""

import torch
from torch import nn

from elegans.config import Ema


def decay(ema: Ema, batch: int, seen: int) -> float:
    """The factor of the old average after a step of `batch` images, when `seen` images have been seen in all.

    The half-life is counted in images; early in training it is a share of what has been seen, so that the first
    random weights are soon forgotten.
    """
    half_life = min(ema.half_life, ema.ramp * seen)
    return 0.5 ** (batch / half_life) if half_life > 0 else 0.0


@torch.no_grad()
def update(average: nn.Module, network: nn.Module, factor: float) -> None:
    """Move `average` toward `network`: `factor` of the old, the rest of the new. Statistics of batch norm go along."""
    old, new = ([*net.parameters(), *net.buffers()] for net in (average, network))
    floating = [i for i, value in enumerate(old) if value.is_floating_point()]
    torch._foreach_lerp_([old[i] for i in floating], [new[i] for i in floating], 1 - factor)
    for i, value in enumerate(old):
        if not value.is_floating_point():
            value.copy_(new[i])
