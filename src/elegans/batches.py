"""Batch number i as a function of i: nothing to save, nothing to resume."""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from numpy.typing import NDArray
from torch import Tensor

from elegans import parallel, seeds
from elegans.tensors import from_bytes


class Batches:
    """A data set as an endless stream of batches.

    In `shuffled` order every image is seen once an epoch, each epoch in an order of its own, and batches run on over
    the epochs' ends so that no remainder is dropped. In `random` order every image is an independent draw.

    Args:
        images: uint8 [n, c, h, w]; may be memory-mapped, only what is drawn is read.
        labels: int64 [n].
        batch: images a batch; at most n.
        seed: of the order.
        order: `shuffled` or `random`.
        device: where the batches go.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        batch: int,
        seed: int,
        order: str = "shuffled",
        device: torch.device | None = None,
    ) -> None:
        self.images, self.labels = images, labels
        self.batch, self.seed, self.order, self.device = batch, seed, order, device
        self._epoch = lru_cache(maxsize=2)(self._permutation)

    def __getitem__(self, number: int) -> tuple[Float[Tensor, "n c h w"], Int64[Tensor, " n"]]:
        """Images in [-1, 1] and labels of batch `number`, or this process's part of it."""
        at = self._part(number)
        return from_bytes(self._images(at)), torch.from_numpy(self.labels.take(at)).to(self.device)

    def bytes(self, number: int) -> UInt8[Tensor, "n c h w"]:
        """Its images as they are in the data set."""
        return self._images(self._part(number))

    def indices(self, number: int) -> NDArray[np.int64]:
        """Which images batch `number` holds, as places in the data set."""
        n = len(self.images)
        if self.order == "random":
            draw = seeds.generator(self.seed, number, "order")
            return torch.randint(n, (self.batch,), generator=draw).numpy()
        first, last = number * self.batch, (number + 1) * self.batch
        parts = [
            self._epoch(epoch)[max(first - epoch * n, 0) : last - epoch * n]
            for epoch in range(first // n, (last - 1) // n + 1)
        ]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _part(self, number: int) -> NDArray[np.int64]:
        return parallel.part(self.indices(number))

    def _images(self, at: NDArray[np.int64]) -> UInt8[Tensor, "n c h w"]:
        return torch.from_numpy(self.images.take(at, axis=0)).to(self.device)

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        return torch.randperm(len(self.images), generator=seeds.generator(self.seed, epoch, "order")).numpy()
