"""A long short-term memory layer that is taken a step at a time: outputs can be fed back, gated or looked at."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._products import product
from elegans.models._tanh import tanh

State = tuple[Tensor, Tensor]  # what it says and what it remembers, both [n, u]


class Lstm(nn.Module):
    """An LSTM with forget gates (Gers et al. 2000, "Learning to Forget"), the function of `torch.nn.LSTM`:

        i, f, o = sigmoid(W x + R h + b),  g = tanh(W x + R h + b),  c <- f c + i g,  h <- o tanh(c)

    with the rows of W, R and b in the order i, f, g, o. It has one bias where torch's has two, and second derivatives
    on the CPU, where torch's has none (but not of its weights' gradients). W x of inputs that are known beforehand is
    one product for all steps (`project`, `unroll`); of others it is one a step (`loop`). The weights' gradients are
    one product for all steps either way.

    Args:
        inputs: values a step.
        units: values in h and in c.
        forget_bias: where the bias of the forget gate begins; 1 remembers from the first step on.
    """

    def __init__(self, inputs: int, units: int, forget_bias: float = 0.0) -> None:
        super().__init__()
        self.units = units
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(4 * units, inputs)))
        self.recurrent = nn.Parameter(nn.init.orthogonal_(torch.empty(4 * units, units)))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        with torch.no_grad():
            self.bias[units : 2 * units] = forget_bias

    def project(self, x: Float[Tensor, "*n i"]) -> Float[Tensor, "*n g"]:
        """W x + b, for one step or for all at once."""
        return product(x.flatten(0, -2), self.weight.t(), self.bias).view(*x.shape[:-1], -1)

    def unroll(
        self,
        projected: Float[Tensor, "n t g"],
        state: State | None = None,
        attend: Callable[[Tensor], Tensor] | None = None,
    ) -> list[Tensor]:
        """All h of a sequence.

        Args:
            projected: of each step.
            state: to begin with; None: zeros.
            attend: what becomes of h after every step: both what is returned and what the next step sees.

        Returns:
            An h [n, units] for each step.
        """
        zeros = projected.new_zeros(len(projected), self.units)
        h, c = (zeros, zeros) if state is None else state
        said: list[Tensor] = []
        before: list[Tensor] = []
        for sums in _deferred(projected.transpose(0, 1), (before, self.recurrent)):
            before.append(h.detach())
            h, c = gate(_add_product(sums, h, self.recurrent), c)
            h = attend(h) if attend is not None else h
            said.append(h)
        return said

    def loop(self, n: int, steps: int) -> "Loop":
        """For so many steps of n rows each, at most, each fed with what comes of the one before."""
        return Loop(self, n, steps)


class Loop:
    """The steps of an LSTM one by one, for inputs that are not known beforehand."""

    def __init__(self, lstm: Lstm, n: int, steps: int) -> None:
        self.lstm = lstm
        self.inputs: list[Tensor] = []
        self.before: list[Tensor] = []
        biases = lstm.bias.expand(steps, n, -1)
        self.biases = _deferred(biases, (self.inputs, lstm.weight), (self.before, lstm.recurrent))

    def step(self, x: Float[Tensor, "n i"], state: State) -> State:
        """The next state, from the input."""
        h, c = state
        bias = self.biases[len(self.inputs)]
        self.inputs.append(x.detach())
        self.before.append(h.detach())
        sums = _add_product(bias, x, self.lstm.weight)
        return gate(_add_product(sums, h, self.lstm.recurrent), c)


def gate(sums: Float[Tensor, "n g"], c: Float[Tensor, "n u"]) -> State:
    """The next state, from what goes into the gates."""
    i, f, g, o = sums.chunk(4, 1)
    c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), tanh(g))
    return o.sigmoid() * tanh(c), c


# --- weights whose gradients are one product over all steps ----------------------------------------------------------
#
# Plain autograd makes one a step, each of few rows and as large as the weight, and adds them up.


def _add_product(sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """sums + x W^T, of which `_deferred` sees to the gradient of W."""
    added: Tensor = _AddProduct.apply(sums, x, weight)  # type: ignore[no-untyped-call]
    return added


def _deferred(sums: Tensor, *products: tuple[list[Tensor], Tensor]) -> Sequence[Tensor]:
    """The sums of each step, to which `_add_product` adds.

    Args:
        sums: [t, n, g].
        products: for each weight W the list of the x of all steps, which may be filled later.
    """
    xs, weights = zip(*products, strict=True)
    steps: Sequence[Tensor] = _Deferred.apply(sums, xs, *weights).unbind(0)  # type: ignore[no-untyped-call]
    return steps


class _AddProduct(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, sums: Tensor, x: Tensor, weight: Tensor) -> Tensor:
        context.save_for_backward(weight)
        return product(x, weight.t()).add_(sums)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return gradient, product(gradient, context.saved_tensors[0]), None


class _Deferred(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, sums: Tensor, xs: Sequence[list[Tensor]], *weights: Tensor) -> Tensor:
        context.xs = xs
        return sums.view_as(sums)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        steps = len(context.xs[0])
        with torch.no_grad():
            rows = gradient[:steps].flatten(0, 1).t()
            return gradient, None, *(rows @ torch.cat(x) for x in context.xs)
