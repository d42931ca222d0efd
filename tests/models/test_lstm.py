"""The step-by-step LSTM is torch's, and the attention layers are their equations."""

import pytest
import torch
from torch import Tensor, nn

from elegans.models._attention import RowAttention, VectorAttention
from elegans.models._lstm import Lstm

N, STEPS, INPUTS, UNITS = 3, 5, 4, 6


def pair(layers: int = 1) -> tuple[list[Lstm], nn.LSTM]:
    """Ours and torch's with the same weights, in float64."""
    theirs = nn.LSTM(INPUTS, UNITS, layers, batch_first=True).double()
    ours = [Lstm(UNITS if k else INPUTS, UNITS).double() for k in range(layers)]
    for k, layer in enumerate(ours):
        layer.weight.data.copy_(getattr(theirs, f"weight_ih_l{k}"))
        layer.recurrent.data.copy_(getattr(theirs, f"weight_hh_l{k}"))
        layer.bias.data.copy_(getattr(theirs, f"bias_ih_l{k}") + getattr(theirs, f"bias_hh_l{k}"))
    return ours, theirs


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("begun", [False, True])
def test_the_sequence_and_its_gradients_are_those_of_torch(layers: int, begun: bool) -> None:
    ours, theirs = pair(layers)
    x = torch.randn(N, STEPS, INPUTS, dtype=torch.float64, requires_grad=True)
    h, c = torch.randn(2, N, UNITS, dtype=torch.float64)
    said = x
    for layer in ours:
        said = torch.stack(layer.unroll(layer.project(said), (h, c) if begun else None), 1)
    wanted, _ = theirs(x, (h.expand(layers, -1, -1), c.expand(layers, -1, -1)) if begun else None)
    torch.testing.assert_close(said, wanted)
    mine = [p for layer in ours for p in (layer.weight, layer.recurrent, layer.bias)]
    its = [getattr(theirs, f"{name}_l{k}") for k in range(layers) for name in ("weight_ih", "weight_hh", "bias_ih")]
    torch.testing.assert_close(
        torch.autograd.grad(said.pow(3).sum(), [x, *mine]), torch.autograd.grad(wanted.pow(3).sum(), [x, *its])
    )


def test_it_has_second_derivatives() -> None:
    layer = Lstm(2, 3).double()

    def last(x: Tensor) -> Tensor:
        return layer.unroll(layer.project(x))[-1]

    assert torch.autograd.gradgradcheck(last, torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True))


def by_the_equations(layer: Lstm, x: Tensor, looped: bool) -> Tensor:
    """All h, by plain autograd; looped: every input is the sum of x and of the h before."""
    h = c = torch.zeros(len(x), layer.units, dtype=x.dtype)
    said = []
    for t in range(x.shape[1]):
        sums = layer.project(x[:, t] + h if looped else x[:, t]) + h @ layer.recurrent.T
        i, f, g, o = sums.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        said.append(h)
    return torch.stack(said, 1)


def by_the_layer(layer: Lstm, x: Tensor, looped: bool) -> Tensor:
    if not looped:
        return torch.stack(layer.unroll(layer.project(x)), 1)
    loop = layer.loop(len(x), x.shape[1] + 2)  # more than come
    state = torch.zeros(len(x), layer.units, dtype=x.dtype), torch.zeros(len(x), layer.units, dtype=x.dtype)
    said = []
    for t in range(x.shape[1]):
        state = loop.step(x[:, t] + state[0], state)
        said.append(state[0])
    return torch.stack(said, 1)


@pytest.mark.parametrize("looped", [False, True])
def test_gradients_of_weights_are_those_of_plain_autograd(looped: bool) -> None:
    """Of a loss, of one that is asked for after another graph's end, and of a penalty on the gradient at the input."""
    layer = Lstm(UNITS, UNITS).double()
    x = torch.randn(N, STEPS, UNITS, dtype=torch.float64, requires_grad=True)
    found = []
    for how in (by_the_equations, by_the_layer):
        said = how(layer, x, looped)
        (first,) = torch.autograd.grad(said.square().sum(), x, retain_graph=True)
        partly = torch.autograd.grad(said[:, :2].pow(3).sum(), [x, *layer.parameters()], retain_graph=True)
        (at,) = torch.autograd.grad(said[:, -1].sum(), x, create_graph=True)
        penalty = torch.autograd.grad(at.square().sum() + said.sum(), [x, *layer.parameters()])
        found.append([said, first, *partly, *penalty])
    torch.testing.assert_close(found[1], found[0])


def test_what_attention_makes_of_h_is_returned_and_is_what_the_next_step_sees() -> None:
    ours, theirs = pair()
    x = torch.randn(N, STEPS, INPUTS, dtype=torch.float64)
    said = ours[0].unroll(ours[0].project(x), attend=lambda h: 0.5 * h)
    h, c = torch.zeros(2, 1, N, UNITS, dtype=torch.float64)
    for t in range(STEPS):
        _, (h, c) = theirs(x[:, t : t + 1], (h, c))
        h = 0.5 * h
        torch.testing.assert_close(said[t], h[0])


def test_the_forget_bias_is_at_the_forget_gate() -> None:
    bias = Lstm(2, 3, forget_bias=1.5).bias
    assert bias.tolist() == [0] * 3 + [1.5] * 3 + [0] * 6


def test_attention_to_a_vector_is_its_equations() -> None:
    layer = VectorAttention(UNITS, 3).double()
    h, a = torch.randn(N, UNITS, dtype=torch.float64), torch.randn(N, 3, dtype=torch.float64)
    m = torch.tanh(h @ layer.said.weight.T + a @ layer.given.weight.T + layer.given.bias)
    s = torch.sigmoid(m @ layer.gate.weight.T + layer.gate.bias)
    torch.testing.assert_close(layer(h, layer.prepare(a)), s)


def test_attention_to_rows_is_its_equations() -> None:
    layer = RowAttention(UNITS, 7, 5).double()
    h, rows = torch.randn(N, UNITS, dtype=torch.float64), torch.randn(N, 7, 5, dtype=torch.float64)
    t = torch.softmax(h @ layer.where[0].weight.T + layer.where[0].bias, dim=1)
    w = torch.einsum("nk,nkw->nw", t, rows)
    s = torch.sigmoid(w @ layer.gate.weight.T + layer.gate.bias)
    torch.testing.assert_close(layer(h, rows), s)
    some = torch.cat([rows[:, :3], torch.zeros(N, 4, 5, dtype=torch.float64)], 1)
    torch.testing.assert_close(layer(h, rows[:, :3]), layer(h, some))  # what is not there yet is zeros


def test_weights_of_rows_sum_to_one_and_follow_h() -> None:
    t = RowAttention(UNITS, 7, 5).where(torch.randn(4, UNITS))
    torch.testing.assert_close(t.sum(1), torch.ones(4))
    assert (torch.cdist(t, t) + torch.eye(4) > 1e-3).all()
