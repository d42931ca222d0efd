"""Batch number i as a function of i: nothing to save, nothing to resume."""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from elegans import parallel, seeds


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
        at = parallel.part(self.indices(number))
        images = torch.from_numpy(self.images[at]).to(self.device, torch.float32)
        return images.mul_(1 / 127.5).sub_(1), torch.from_numpy(self.labels[at]).to(self.device)

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
        return np.concatenate(parts)

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        return torch.randperm(len(self.images), generator=seeds.generator(self.seed, epoch, "order")).numpy()
