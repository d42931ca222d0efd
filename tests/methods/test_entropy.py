"""The cross-entropy by products, against torch's."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from elegans.methods._entropy import cross_entropy


def both(logits: Tensor, targets: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Value and gradient of ours, and of torch's with doubles; images count differently."""
    found = []
    for x, t in ((logits, targets), (logits.double(), targets.double())):
        x = x.clone().requires_grad_()
        cost = cross_entropy(x, t) if x.dtype == torch.float32 else plain(x, t)
        weights = torch.linspace(-1, 2, len(x), dtype=x.dtype)
        found.append((cost.detach(), torch.autograd.grad((weights * cost).sum(), x)[0]))
    return found[0], found[1]


def plain(x: Tensor, t: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(x, t, reduction="none").sum(1)


@pytest.mark.parametrize("pixels", [1, 7, 64, 97, 784, 3 * 64 * 64])
@pytest.mark.parametrize("scale", [0.0, 0.1, 3.0, 40.0])
def test_values_and_gradients_are_torchs(pixels: int, scale: float) -> None:
    draw = torch.Generator().manual_seed(pixels)
    logits = scale * torch.randn(5, pixels, generator=draw)
    targets = torch.rand(5, pixels, generator=draw).round(decimals=1)
    (value, gradient), (expected, expected_gradient) = both(logits, targets)
    torch.testing.assert_close(value.double(), expected, rtol=2e-6, atol=1e-6 * pixels)
    torch.testing.assert_close(gradient.double(), expected_gradient, rtol=1e-5, atol=2e-7)


def test_logits_without_end_cost_what_they_should() -> None:
    logits = torch.tensor([[200.0, -200.0, 200.0, -200.0]])
    targets = torch.tensor([[1.0, 0.0, 0.0, 1.0]])
    (value, gradient), (expected, expected_gradient) = both(logits, targets)
    assert value.tolist() == expected.tolist() == [400]
    torch.testing.assert_close(gradient.double(), expected_gradient)


def test_no_number_stays_none() -> None:
    assert cross_entropy(torch.tensor([[0.0, float("nan")]]), torch.zeros(1, 2)).isnan().all()
