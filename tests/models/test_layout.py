"""How weights lie in memory: the same layer as torch's, and it stays as it lies."""

import pytest
import torch
from torch import nn

from elegans.config import Optimiser
from elegans.models._layout import linear
from elegans.optimisers import Updater


@pytest.mark.parametrize("inputs", [2, 20])
def test_a_layer_by_columns_is_torchs_own(inputs: int) -> None:
    torch.manual_seed(0)
    ours = linear(inputs, 16)
    torch.manual_seed(0)
    theirs = nn.Linear(inputs, 16)
    assert ours.weight.stride() == (1, 16)
    x = torch.randn(5, inputs, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))
    gradients = [torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, theirs)]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_it_lies_so_after_steps_and_after_loading() -> None:
    layer = linear(2, 16)
    before = layer.weight.detach().clone()
    updater = Updater(layer, Optimiser(kind="rmsprop"))
    gradients = updater.gradients(layer(torch.ones(3, 2)).sum())
    assert gradients[0].stride() == layer.weight.stride() == updater.moments["exp_avg_sq"][0].stride() == (1, 16)
    updater.apply(gradients)
    assert (layer.weight != before).all()
    layer.load_state_dict({"weight": before.contiguous(), "bias": torch.zeros(16)})
    assert layer.weight.stride() == (1, 16)
    assert torch.equal(layer.weight, before)
