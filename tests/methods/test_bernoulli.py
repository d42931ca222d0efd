"""The cross-entropy of images: torch's own, value and gradient, for any number of pixels and any size of logits."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from elegans.methods._bernoulli import FACTORS, cross_entropy, factors


def by_torch(logits: Tensor, images: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, (images + 1) / 2, reduction="none").flatten(1).sum(1)


# mnist, three channels, one pixel, a prime number of them
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 1, 1), (1, 1, 127)])
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0, 1e4])
def test_value_and_gradient_are_torchs(shape: tuple[int, ...], scale: float) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(5, *shape, generator=draw) * 2 - 1
    weights = torch.randn(5, generator=draw)
    found = []
    for loss in (by_torch, cross_entropy):
        logits = (torch.randn(5, *shape, generator=torch.Generator().manual_seed(1)) * scale).requires_grad_()
        value = loss(logits, images)
        (gradient,) = torch.autograd.grad((value * weights).sum(), logits)
        found.append((value.detach(), gradient))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=2e-6, atol=1e-4)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-5, atol=1e-6)


def test_maps_with_their_channels_together() -> None:
    logits, images = torch.randn(2, 3, 8, 8), torch.rand(2, 3, 8, 8) * 2 - 1
    apart = cross_entropy(logits.contiguous(memory_format=torch.channels_last), images)
    torch.testing.assert_close(apart, by_torch(logits, images))


def test_a_product_of_halves_is_no_zero() -> None:
    assert torch.tensor(0.5) ** FACTORS > torch.finfo(torch.float32).tiny
    nothing_known = cross_entropy(torch.zeros(1, 1, 1, FACTORS), torch.zeros(1, 1, 1, FACTORS))
    assert nothing_known.item() == pytest.approx(FACTORS * 0.6931472)


def test_as_many_pixels_to_a_product_as_divide_them() -> None:
    assert [factors(n) for n in (784, 3072, 1, 127, 128)] == [112, 96, 1, 1, 64]


def test_what_is_no_number_stays_none() -> None:
    assert cross_entropy(torch.full((1, 1, 2, 2), float("nan")), torch.zeros(1, 1, 2, 2)).isnan().all()
