"""Images at any size, from generators that are functions of the place; memory stays flat however large they are."""

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans.errors import RequestError
from elegans.images import Bytes
from elegans.tensors import to_bytes

PLACES = 2**15  # at most so many pixels are computed at a time, or one row
LARGEST = 2**15  # pixels a side


@runtime_checkable
class Coordinates(Protocol):
    """A generator that can draw its images at any size, and some of their rows alone: see models/coordinate.py."""

    shape: tuple[int, int, int]

    def render(
        self, z: Tensor, y: Tensor | None, height: int, width: int, rows: range | None = None
    ) -> Float[Tensor, "n c h w"]: ...


@torch.no_grad()
def render(
    generator: nn.Module,
    z: Float[Tensor, "n z"],
    y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None,
    size: tuple[int, int],
) -> Bytes:
    """The images of latents and labels at a size of one's choice, drawn one by one in tiles of rows.

    Beside what is returned, memory holds a few hundred numbers for each of `PLACES` pixels.

    Args:
        generator: a network of coordinates.
        z: latents.
        y: labels (numbers, or rows of shares of each class), or None.
        size: height and width in pixels.

    Returns:
        uint8 [n, height, width, c].

    Raises:
        RequestError: a generator that has one size only, or a size that is not to be had.
    """
    height, width = size
    if not isinstance(generator, Coordinates):
        raise RequestError(
            "--size: only networks of coordinates draw at any size; this one is none (elegans train coordinate)"
        )
    if not (0 < height <= LARGEST and 0 < width <= LARGEST):
        raise RequestError(f"--size: {height} x {width} pixels: a side has 1 to {LARGEST}")
    made = np.empty((len(z), height, width, generator.shape[0]), np.uint8)
    step = max(1, PLACES // width)
    for i, image in enumerate(made):
        one, label = z[i : i + 1], None if y is None else y[i : i + 1]
        for top in range(0, height, step):
            rows = range(top, min(top + step, height))
            image[top : rows.stop] = to_bytes(generator.render(one, label, height, width, rows))[0]
    return made
