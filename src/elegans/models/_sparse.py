"""Layers that see bytes of which most are zero, as images of digits: what is multiplied by zero is left out.

Of a digit's pixels four in five are black, and so four in five of the multiplications that the first layer of a dense
network makes of it, and as many of those for the gradient of its weight. The others are, for each row of one matrix, a
weighted sum of a few rows of the other: what torch has for embeddings. With the time that it takes to find the pixels
that is four fifths of a dense product's on one core of AMD's, and more than one on Intel's (docs/LOG.md).
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from elegans.cpu import is_amds
from elegans.models._products import Linear, plain

FEW = 0.3  # of the bytes, that are not zero; with more a dense product is as fast
LEVELS = np.arange(256, dtype=np.float32) / 255  # what a byte stands for
WIDE = 128  # columns of the product: with fewer, finding the pixels takes longer than what is left out

# an operator of torch's own kind, for a replayed step calls nothing else
_library = torch.library.Library("elegans", "DEF")  # type: ignore[no-untyped-call]
_library.define("product_of_bytes(Tensor a, Tensor b) -> Tensor")  # type: ignore[no-untyped-call]


class OfBytes(Linear):
    """`torch.nn.Linear` of rows of bytes, which it takes for 255ths; or of what any linear layer takes.

    A zero times a weight that is no number is left out, too.
    """

    def forward(self, x: Float[Tensor, "... i"] | UInt8[Tensor, "n i"]) -> Float[Tensor, "... o"]:
        """The outputs of each row."""
        if x.dtype != torch.uint8:
            return super().forward(x)
        if not _better(self.weight.t()):
            return super().forward(_shares(x, self.weight.dtype))
        made: Tensor = _Sparse.apply(x, self.weight.t(), self.bias)  # type: ignore[no-untyped-call]
        return made


def _better(b: Tensor) -> bool:
    """Whether it is, as far as can be said without the values.

    With several threads a dense product takes less time, and finding the pixels does not.
    """
    if not is_amds() or torch.get_num_threads() > 1 or b.shape[1] < WIDE or not b.is_contiguous():
        return False
    return b.dtype == torch.float32 and b.device.type == "cpu"


class _Sparse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(a)
        made: Tensor = torch.ops.elegans.product_of_bytes(a, b)
        return made if bias is None else made.add_(bias)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[None, Tensor | None, Tensor | None]:
        (a,), (_, of_b, of_bias) = context.saved_tensors, context.needs_input_grad
        return (
            None,
            torch.ops.elegans.product_of_bytes(a.t(), gradient.contiguous()) if of_b else None,
            gradient.sum(0) if of_bias else None,
        )


def _product_of_bytes(a: UInt8[Tensor, "n k"], b: Float[Tensor, "k m"]) -> Float[Tensor, "n m"]:
    """a / 255 times b: for each row of a the sum of those rows of b that it has a number for, each times the number.

    In as few calls as can be: among the large products of a step each of them takes five microseconds.
    """
    flat = a.numpy().ravel()
    at = np.flatnonzero(flat != 0)
    if len(at) > FEW * len(flat):
        return plain(_shares(a, b.dtype), b)
    columns, starts = _places(*a.shape)
    of = columns.take(at), at.searchsorted(starts), LEVELS.take(flat.take(at))
    rows, ends, numbers = map(torch.from_numpy, of)
    made: Tensor = torch.embedding_bag(b, rows, ends, False, 0, False, numbers, True)[0]
    return made


def _shares(x: UInt8[Tensor, "*shape"], dtype: torch.dtype) -> Float[Tensor, "*shape"]:
    """What bytes stand for."""
    return x.to(dtype).mul_(1 / 255)


@lru_cache(maxsize=4)
def _places(n: int, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of n rows of k numbers, one after the other: the column of each, and where rows begin and the last one ends."""
    return np.tile(np.arange(k), n), np.arange(n + 1) * k


_library.impl("product_of_bytes", _product_of_bytes, "CPU")  # type: ignore[no-untyped-call]
