"""Products of matrices by the faster of two libraries, and the linear layers that are made of them.

On a CPU torch has its products from MKL, and its convolutions from oneDNN. On AMD's processors, where a matrix that
lies by rows is multiplied, and where the product is wide, oneDNN takes nine tenths of MKL's time, and less with several
cores, though it copies one that lies by columns; on Intel's it takes a tenth to a third more (docs/LOG.md). The values
are the same to rounding.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elegans.cpu import is_amds

LARGE = 8e6  # multiplications: oneDNN takes 20 microseconds more to begin
WIDE, WIDE_ON_SEVERAL_CORES = 4, 3  # columns of the product for each of its rows

# what torch's compiler calls; not every build has it
_one_dnn = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None  # type: ignore[no-untyped-call]


def product(
    a: Float[Tensor, "n k"], b: Float[Tensor, "k m"], bias: Float[Tensor, " m"] | None = None
) -> Float[Tensor, "n m"]:
    """a b, and `bias` to each of its rows."""
    if not _better(a, b):
        return plain(a, b, bias)
    made: Tensor = _Product.apply(a, b, bias)  # type: ignore[no-untyped-call]
    return made


def plain(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """The same by torch."""
    return a @ b if bias is None else torch.addmm(bias, a, b)


class Linear(nn.Linear):
    """`torch.nn.Linear`."""

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        """The outputs of each row."""
        return product(x, self.weight.t(), self.bias) if x.ndim == 2 else super().forward(x)


def _better(a: Tensor, b: Tensor) -> bool:
    """Whether oneDNN is."""
    (n, k), m = a.shape, b.shape[1]
    wide = WIDE if torch.get_num_threads() == 1 else WIDE_ON_SEVERAL_CORES
    if not is_amds() or _one_dnn is None or n * k * m < LARGE or (a.stride(1) != 1 and m < wide * n):
        return False
    return a.dtype == b.dtype == torch.float32 and a.device.type == b.device.type == "cpu"


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
        assert _one_dnn is not None
        context.save_for_backward(a, b)
        made: Tensor = _one_dnn(a, b.t(), bias, "none", [], "")
        return made

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        (a, b), (of_a, of_b, of_bias) = context.saved_tensors, context.needs_input_grad
        # of what is variable, asked for or not, for autograd does not tell; a replayed step leaves the latter out
        by_columns = b.t().is_contiguous()  # as is then its gradient
        return (
            product(gradient, b.t()) if of_a else None,
            (product(gradient.t(), a).t() if by_columns else product(a.t(), gradient)) if of_b else None,
            gradient.sum(0) if of_bias else None,
        )
