"""Tensors between the inside and the outside: what a checkpoint holds; floats in [-1, 1] are of bytes, and become bytes
or shares."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, dict[str, Tensor]]  # a file of a checkpoint -> its tensors by name


def from_bytes(images: UInt8[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Bytes as images in [-1, 1]."""
    return images.to(torch.float32).mul_(1 / 127.5).sub_(1)


def to_shares(images: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Images in [-1, 1] as they are in [0, 1], in one pass over them."""
    return images.lerp(images.new_ones(()), 0.5)


def to_bytes(images: Float[Tensor, "n c h w"]) -> NDArray[np.uint8]:
    """Images in [-1, 1] as uint8 [n, h, w, c], rounded to the nearest."""
    scaled = (images.detach().cpu() + 1).mul_(127.5).round_().clamp_(0, 255)
    made: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return made
