"""How weights lie in memory: the same layer as torch's, and it stays as it lies."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from elegans.config import Optimiser
from elegans.models._layout import lay
from elegans.optimisers import Updater


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 100), (30, 30), (200, 30), (100, 784)])
def test_columns_lie_together_and_nothing_else_changes(inputs: int, outputs: int) -> None:
    theirs = nn.Linear(inputs, outputs)
    ours = deepcopy(theirs)
    lay(ours)
    assert torch.equal(ours.weight, theirs.weight)
    assert ours.weight.stride() == (1, outputs)
    x = torch.randn(5, inputs, requires_grad=True)
    torch.testing.assert_close(ours(x), theirs(x))
    gradients = [torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]) for layer in (ours, theirs)]
    torch.testing.assert_close(gradients[0], gradients[1])
    assert gradients[0][1].stride() == ours.weight.stride()


def test_it_lies_so_after_steps_and_after_loading() -> None:
    layer = nn.Linear(2, 16)
    lay(layer)
    before = layer.weight.detach().clone()
    updater = Updater(layer, Optimiser(kind="rmsprop"))
    gradients = updater.gradients(layer(torch.ones(3, 2)).sum())
    assert layer.weight.stride() == updater.moments["exp_avg_sq"][0].stride() == (1, 16)
    assert gradients[0].shape == (2, 16)
    assert gradients[0].is_contiguous()
    updater.move(gradients)
    assert (layer.weight != before).all()
    layer.load_state_dict({"weight": before.contiguous(), "bias": torch.zeros(16)})
    assert layer.weight.stride() == (1, 16)
    assert torch.equal(layer.weight, before)
