"""How weights lie in memory: the same layer as torch's, and it stays as it lies."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
import torch
from torch import nn

from elegans.config import Optimiser
from elegans.models._layout import lay
from elegans.models.dense_autoencoder import build
from elegans.optimisers import Updater


@pytest.fixture
def cores(request: pytest.FixtureRequest) -> Iterator[None]:
    """So many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def check(inputs: int, outputs: int, columns: bool) -> None:
    """It computes what torch's own does, and its weight lies so, as does the gradient."""
    theirs = nn.Linear(inputs, outputs)
    ours = deepcopy(theirs)
    lay(ours)
    assert torch.equal(ours.weight, theirs.weight)
    assert ours.weight.stride() == ((1, outputs) if columns else (inputs, 1))
    x = torch.randn(5, inputs, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))
    gradients = [torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, theirs)]
    torch.testing.assert_close(gradients[0], gradients[1])
    assert gradients[0][1].stride() == ours.weight.stride()


ON_TWO = [(2, 100, True), (16, 100, True), (30, 100, False), (30, 30, False), (31, 30, True)]


@pytest.mark.parametrize(("inputs", "outputs", "columns"), ON_TWO)
@pytest.mark.parametrize("cores", [2], indirect=True)
@pytest.mark.usefixtures("cores")
def test_on_several_cores_the_longer_axis_is_the_first(inputs: int, outputs: int, columns: bool) -> None:
    check(inputs, outputs, columns)


@pytest.mark.parametrize("inputs", [2, 30, 200])
@pytest.mark.parametrize("cores", [1], indirect=True)
@pytest.mark.usefixtures("cores")
def test_on_one_core_columns_are_together(inputs: int) -> None:
    check(inputs, 100, True)


def test_it_lies_so_after_steps_and_after_loading() -> None:
    layer = nn.Linear(2, 16)
    lay(layer)
    before = layer.weight.detach().clone()
    updater = Updater(layer, Optimiser(kind="rmsprop"))
    gradients = updater.gradients(layer(torch.ones(3, 2)).sum())
    assert gradients[0].stride() == layer.weight.stride() == updater.moments["exp_avg_sq"][0].stride() == (1, 16)
    updater.apply(gradients)
    assert (layer.weight != before).all()
    layer.load_state_dict({"weight": before.contiguous(), "bias": torch.zeros(16)})
    assert layer.weight.stride() == (1, 16)
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("cores", [1], indirect=True)
@pytest.mark.usefixtures("cores")
def test_first_values_do_not_depend_on_it() -> None:
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        made = build((1, 8, 8), 0, 20, [30], True)
        found.append([p.detach() for network in made.values() for p in network.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert any(a.stride() != b.stride() for a, b in zip(*found, strict=True))
