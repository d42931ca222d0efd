"""A long short-term memory layer that is taken a step at a time: outputs can be fed back, gated or looked at."""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

State = tuple[Tensor, Tensor]  # what it says and what it remembers, both [n, u]


class Lstm(nn.Module):
    """An LSTM with forget gates (Gers et al. 2000, "Learning to Forget"), the function of `torch.nn.LSTM`:

        i, f, o = sigmoid(W x + R h + b),  g = tanh(W x + R h + b),  c <- f c + i g,  h <- o tanh(c)

    with the rows of W, R and b in the order i, f, g, o. It has one bias where torch's has two, and second derivatives
    on the CPU, where torch's has none. W x of inputs that are known beforehand is one product for all steps
    (`project`), which leaves one product with R a step; the gates' arithmetic is a tenth of the time.

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
        return linear(x, self.weight, self.bias)

    def step(self, projected: Float[Tensor, "n g"], state: State) -> State:
        """The next state, from a projected input."""
        h, c = state
        i, f, g, o = torch.addmm(projected, h, self.recurrent.t()).chunk(4, 1)
        c = torch.addcmul(f.sigmoid() * c, i.sigmoid(), g.tanh())
        return o.sigmoid() * c.tanh(), c

    def unroll(
        self,
        projected: Iterable[Tensor],
        state: State | None = None,
        attend: Callable[[Tensor], Tensor] | None = None,
    ) -> list[Tensor]:
        """All h of a sequence.

        Args:
            projected: of each step, [n, 4 units].
            state: to begin with; None: zeros.
            attend: what becomes of h after every step: both what is returned and what the next step sees.

        Returns:
            An h [n, units] for each step.
        """
        said: list[Tensor] = []
        for p in projected:
            if state is None:
                zeros = p.new_zeros(len(p), self.units)
                state = zeros, zeros
            h, c = self.step(p, state)
            h = attend(h) if attend is not None else h
            state = h, c
            said.append(h)
        return said
