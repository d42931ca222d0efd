"""Updaters: torch's own optimisers fed with gradients, what decay and clipping mean, a state that goes on as it was."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from safetensors.torch import load as read
from safetensors.torch import save as write
from torch import Tensor, nn

from elegans.config import Optimiser
from elegans.models._fourier import FourierConv, FourierTransposed
from elegans.models._layout import lay
from elegans.models._upsample import UpsampledConv
from elegans.optimisers import Updater

KINDS: list[dict[str, Any]] = [
    {"kind": "adam", "beta1": 0.5, "beta2": 0.99},
    {"kind": "adam", "beta1": 0.0, "beta2": 0.99},
    {"kind": "sgd", "beta1": 0.9},
    {"kind": "sgd", "beta1": 0.0},
    {"kind": "rmsprop", "beta2": 0.9},
]
STATELESS = {"kind": "sgd", "beta1": 0.0}
each_kind = pytest.mark.parametrize("options", KINDS, ids=str)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def loss(net: nn.Module, number: int) -> Tensor:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(number))
    return (net(x.to(next(net.parameters()).dtype)) - 1).square().mean() * 3


def apply(updater: Updater, gradients: Sequence[Tensor], factor: float = 1.0) -> None:
    """Move its network along them."""
    updater.pace(factor)
    updater.check(updater.move(gradients))


def steps(updater: Updater, numbers: range) -> None:
    for number in numbers:
        apply(updater, updater.gradients(loss(updater.network, number)))


def torchs(net: nn.Module, o: dict[str, Any], lr: float, decay: float) -> torch.optim.Optimizer:
    parameters = net.parameters()
    if o["kind"] == "adam":
        return torch.optim.Adam(parameters, lr, (o["beta1"], o["beta2"]), weight_decay=decay)
    if o["kind"] == "sgd":
        return torch.optim.SGD(parameters, lr, momentum=o["beta1"], weight_decay=decay, nesterov=o["beta1"] > 0)
    return torch.optim.RMSprop(parameters, lr, alpha=o["beta2"], weight_decay=decay)


def close(a: nn.Module, b: nn.Module, rtol: float = 1e-9) -> None:
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("clip", [0.0, 0.5])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@each_kind
def test_it_moves_as_torchs_optimiser_after_backward(options: dict[str, Any], decay: float, clip: float) -> None:
    ours = network().double()
    theirs = copy.deepcopy(ours)
    updater = Updater(ours, Optimiser(lr=0.02, weight_decay=decay, clip=clip, **options))
    reference = torchs(theirs, options, 0.02, decay)
    norms = []
    for number in range(6):
        steps(updater, range(number, number + 1))
        reference.zero_grad()
        loss(theirs, number).backward()
        if clip:
            norms.append(nn.utils.clip_grad_norm_(theirs.parameters(), clip).item())
            for p in theirs.parameters():  # torch divides by the norm plus 1e-6
                if norms[-1] > clip and p.grad is not None:
                    p.grad *= (norms[-1] + 1e-6) / norms[-1]
        reference.step()
        close(ours, theirs, 1e-7)
    assert not clip or max(norms) > clip


@each_kind
def test_decay_is_the_gradient_of_half_the_sum_of_squares(options: dict[str, Any]) -> None:
    a = network().double()
    b = copy.deepcopy(a)
    with_decay, plain = Updater(a, Optimiser(weight_decay=0.3, **options)), Updater(b, Optimiser(**options))
    for number in range(4):
        apply(with_decay, with_decay.gradients(loss(a, number)))
        squares = torch.stack([p.square().sum() for p in b.parameters()]).sum()
        apply(plain, plain.gradients(loss(b, number) + 0.3 * squares / 2))
    close(a, b)


def test_clipping_limits_the_norm_of_the_whole_gradient_and_keeps_its_direction() -> None:
    net = network().double()
    before = [p.detach().clone() for p in net.parameters()]
    updater = Updater(net, Optimiser(kind="sgd", lr=1.0, beta1=0.0, clip=0.25))
    gradients = [100 * gradient for gradient in updater.gradients(loss(net, 0))]
    apply(updater, gradients)
    moved = torch.cat([(was - p).flatten() for was, p in zip(before, net.parameters(), strict=True)]).detach()
    assert moved.norm().item() == pytest.approx(0.25)
    whole = torch.cat([gradient.flatten() for gradient in gradients])
    torch.testing.assert_close(moved / moved.norm(), whole / whole.norm())


def test_clipping_leaves_a_small_gradient_and_one_of_zero_alone() -> None:
    for scale in (1e-3, 0.0):
        a = network().double()
        b = copy.deepcopy(a)
        for net, clip in ((a, 10.0), (b, 0.0)):
            updater = Updater(net, Optimiser(kind="sgd", lr=1.0, beta1=0.0, clip=clip))
            apply(updater, [scale * gradient for gradient in updater.gradients(loss(net, 0))])
        close(a, b)
        assert all(p.isfinite().all() for p in a.parameters())


@each_kind
def test_the_factor_scales_the_rate_of_one_step(options: dict[str, Any]) -> None:
    a, b = network(), network()
    half, full = Updater(a, Optimiser(lr=0.02, **options)), Updater(b, Optimiser(lr=0.01, **options))
    apply(half, half.gradients(loss(a, 0)), 0.5)
    apply(full, full.gradients(loss(b, 0)), 1.0)
    close(a, b)
    apply(half, half.gradients(loss(a, 1)))
    assert half.rate == pytest.approx(0.02)


@pytest.mark.parametrize("clip", [0.0, 0.1])
@each_kind
def test_a_state_goes_on_bit_for_bit(options: dict[str, Any], clip: float) -> None:
    chosen = Optimiser(lr=0.01, weight_decay=0.01, clip=clip, **options)
    net = nn.Sequential(nn.Unflatten(1, (3, 1, 1)), nn.Conv2d(3, 4, 1), nn.Flatten(), nn.Linear(4, 2))
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    updater = Updater(net, chosen)
    steps(updater, range(3))
    saved = write({name: value.contiguous() for name, value in updater.state("d/").items()}) if updater.state() else b""
    other = copy.deepcopy(net)
    fresh = Updater(other, chosen)
    fresh.load(read(saved) if saved else {}, "d/")
    assert bool(saved) == (options != STATELESS)
    steps(updater, range(3, 6))
    steps(fresh, range(3, 6))
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), other.parameters(), strict=True))
    mine, theirs = updater.state(), fresh.state()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


@each_kind
def test_without_its_state_it_would_go_on_differently(options: dict[str, Any]) -> None:
    """Else the test above would not notice a state that is lost."""
    net = network()
    updater = Updater(net, Optimiser(lr=0.01, **options))
    steps(updater, range(3))
    other = copy.deepcopy(net)
    steps(updater, range(3, 5))
    steps(Updater(other, Optimiser(lr=0.01, **options)), range(3, 5))
    same = all(torch.equal(p, q) for p, q in zip(net.parameters(), other.parameters(), strict=True))
    assert same == (options == STATELESS)


def test_without_momentum_no_first_moment_is_kept_and_a_state_that_has_one_goes_on() -> None:
    options = Optimiser(lr=0.01, beta1=0.0, weight_decay=0.1)
    a = Updater(network(), options)
    steps(a, range(2))
    state = a.state()
    assert {name.split("/")[1] for name in state} == {"exp_avg_sq", "step"}
    b = Updater(copy.deepcopy(a.network), options)
    b.load(state | {name.replace("exp_avg_sq", "exp_avg"): torch.ones(1) for name in state if "exp_avg_sq" in name})
    for updater in (a, b):
        steps(updater, range(2, 4))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters, b.parameters, strict=True))


@pytest.mark.parametrize("clip", [0.0, 0.1])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@each_kind
def test_gradients_stay_as_they_were(options: dict[str, Any], decay: float, clip: float) -> None:
    """Two parameters may have the same one."""
    updater = Updater(network(), Optimiser(lr=0.01, weight_decay=decay, clip=clip, **options))
    gradients = updater.gradients(loss(updater.network, 0))
    before = [gradient.clone() for gradient in gradients]
    apply(updater, gradients)
    assert all(torch.equal(gradient, was) for gradient, was in zip(gradients, before, strict=True))


def test_states_of_two_networks_are_kept_apart_by_their_prefix() -> None:
    a, b = Updater(network(), Optimiser()), Updater(network(), Optimiser())
    steps(a, range(2))
    steps(b, range(5))
    both = a.state("a/") | b.state("b/")
    assert len(both) == 2 * len(a.state())
    fresh = Updater(network(), Optimiser())
    fresh.load(both, "b/")
    assert all(torch.equal(value, b.state()[name]) for name, value in fresh.state().items())


def test_what_is_taken_over_is_a_copy() -> None:
    a, b = Updater(network(), Optimiser()), Updater(network(), Optimiser())
    steps(a, range(2))
    state = a.state()
    before = {name: value.clone() for name, value in state.items()}
    b.load(state)
    steps(b, range(2))
    assert all(torch.equal(value, before[name]) for name, value in state.items())


@each_kind
def test_frozen_parameters_stay_and_have_no_state(options: dict[str, Any]) -> None:
    net = network()
    first, *others = net.parameters()
    first.requires_grad_(False)
    before = [p.detach().clone() for p in net.parameters()]
    updater = Updater(net, Optimiser(lr=0.01, weight_decay=0.1, clip=1.0, **options))
    steps(updater, range(2))
    assert len(updater.parameters) == len(others) == 3
    assert [torch.equal(p, was) for p, was in zip(net.parameters(), before, strict=True)] == [True, False, False, False]
    assert not any(name.startswith("0.weight") for name in updater.state())


def test_no_gradient_is_left_behind() -> None:
    updater = Updater(network(), Optimiser(clip=1.0))
    steps(updater, range(1))
    assert all(p.grad is None for p in updater.network.parameters())


class Product(nn.Module):
    """A linear layer as one writes it with einsum: the gradient of its weight is a transposed matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("ncij,oc->noij", x, self.weight)


class Shift(nn.Module):
    """The gradient of its shift is one number, expanded."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x.sum() + self.shift.sum()


@pytest.mark.parametrize("options", [KINDS[0], KINDS[1], KINDS[3]], ids=str)
@pytest.mark.parametrize(
    "layer",
    [
        lambda: UpsampledConv(4, 3),
        lambda: FourierConv(4, 3, 5, (9, 9)),
        lambda: FourierTransposed(4, 3, 5, (9, 9)),
        lambda: nn.Conv2d(4, 3, 3),
        Product,
        Shift,
    ],
    ids=["upsampled", "fourier", "fourier transposed", "convolution", "einsum", "expanded"],
)
def test_a_gradient_that_lies_otherwise_in_memory_moves_its_own_weights(
    layer: Callable[[], nn.Module], options: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    ours = layer().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    theirs = copy.deepcopy(ours)
    updater, reference = Updater(ours, Optimiser(lr=0.01, **options)), torchs(theirs, options, 0.01, 0.0)
    x = torch.randn(6, 4, 9, 9)
    for _ in range(4):
        apply(updater, updater.gradients(ours(x).pow(3).mean()))
        reference.zero_grad()
        theirs(x).pow(3).mean().backward()
        reference.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-4)


def by_columns() -> nn.Module:
    layer = nn.Linear(20, 3)
    lay(layer)
    return layer


@each_kind
@pytest.mark.parametrize("layer", [lambda: nn.Conv2d(4, 3, 3), lambda: nn.Conv2d(1, 3, 3), by_columns])
def test_the_optimisers_tensors_follow_memory(layer: Callable[[], nn.Module], options: dict[str, Any]) -> None:
    """torch's fused Adam would copy others at every step."""
    net = layer().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    updater = Updater(net, Optimiser(**options))
    for tensors in [*updater._tensors(), updater.laid([torch.randn(p.shape) for p in net.parameters()])]:
        assert all(tensor.is_contiguous() for tensor in tensors)


def test_gradients_that_are_no_numbers_move_nothing() -> None:
    network = nn.Linear(3, 2)
    updater, before = Updater(network, Optimiser()), [parameter.clone() for parameter in network.parameters()]
    with pytest.raises(FloatingPointError, match="the gradient of the linear"):
        apply(updater, updater.gradients(network(torch.ones(1, 3)).sum() * float("nan")))
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
