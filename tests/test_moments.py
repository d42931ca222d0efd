"""The maximum mean discrepancy: the naive double loop, the closed form between Gaussians, and what it trains."""

import math

import pytest
import torch
from torch import Tensor, nn

from elegans.moments import squared_mmd

WIDTHS = [0.3, 1.0, 4.0]


def sets(n: int = 9, m: int = 6, d: int = 3) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    x, y = (torch.randn(k, d, generator=draw, dtype=torch.float64) for k in (n, m))
    return x, y + 0.5


def kernel(a: Tensor, b: Tensor) -> float:
    return sum(math.exp(-((a - b) ** 2).sum().item() / (2 * width**2)) for width in WIDTHS)


@pytest.mark.parametrize("biased", [False, True])
def test_it_is_the_double_loop(biased: bool) -> None:
    x, y = sets()

    def mean(a: Tensor, b: Tensor, same: bool) -> float:
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not same or biased or i != j]
        return sum(kernel(a[i], b[j]) for i, j in pairs) / len(pairs)

    expected = mean(x, x, True) - 2 * mean(x, y, False) + mean(y, y, True)
    assert squared_mmd(x, y, WIDTHS, biased).item() == pytest.approx(expected, rel=1e-10)
    assert squared_mmd(y, x, WIDTHS, biased).item() == pytest.approx(expected, rel=1e-10)


def gaussian(width: float, spread: float, apart: float, d: int) -> float:
    """E exp(-|x - y|² / 2w²) where x - y is N(apart, spread I): a product of convolutions of Gaussians."""
    return (width**2 / (width**2 + spread)) ** (d / 2) * math.exp(-(apart**2) / (2 * (width**2 + spread)))


def test_between_gaussians_it_is_the_closed_form_on_average() -> None:
    d, shift, scale, n, rounds = 2, 0.8, 1.5, 60, 300
    expected = sum(
        gaussian(w, 2, 0, d) - 2 * gaussian(w, 1 + scale**2, shift, d) + gaussian(w, 2 * scale**2, 0, d) for w in WIDTHS
    )
    draw = torch.Generator().manual_seed(0)
    found = []
    for _ in range(rounds):
        x = torch.randn(n, d, generator=draw)
        y = torch.randn(n, d, generator=draw) * scale + torch.tensor([shift, 0.0])
        found.append(squared_mmd(x, y, WIDTHS))
    values = torch.stack(found)
    assert abs(values.mean().item() - expected) < 5 * values.std().item() / rounds**0.5
    assert values.std() / rounds**0.5 < 0.03 * expected  # an error of a seventh is noticed


def test_without_bias_it_is_zero_on_average_for_one_distribution_and_with_bias_never_negative() -> None:
    draw = torch.Generator().manual_seed(1)
    fair, biased = [], []
    for _ in range(300):
        x, y = torch.randn(20, 2, generator=draw), torch.randn(30, 2, generator=draw)
        fair.append(squared_mmd(x, y, [1.0]))
        biased.append(squared_mmd(x, y, [1.0], biased=True))
    values = torch.stack(fair)
    assert abs(values.mean()) < 5 * values.std() / 300**0.5
    assert values.min() < 0
    assert torch.stack(biased).min() > 0


def test_the_same_set_twice_is_no_distance_and_far_sets_the_largest() -> None:
    x, _ = sets()
    assert squared_mmd(x, x, WIDTHS, biased=True).item() == pytest.approx(0, abs=1e-12)
    assert squared_mmd(x * 1e-6, x * 1e-6 + 100, WIDTHS, biased=True).item() == pytest.approx(2 * 3, rel=1e-6)


def test_gradients_are_those_of_small_differences_and_finite_for_equal_vectors() -> None:
    x, y = sets(4, 3)
    assert torch.autograd.gradcheck(lambda a, b: squared_mmd(a, b, WIDTHS), (x.requires_grad_(), y.requires_grad_()))
    same = torch.ones(4, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(squared_mmd(same, torch.ones(3, 2), [1.0]), same)
    assert gradient.isfinite().all()


def test_a_generator_learns_to_match_moments() -> None:
    """The example of the module: a ring of four clusters, without a discriminator."""
    torch.manual_seed(0)
    corners = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    generator = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
    optimiser = torch.optim.Adam(generator.parameters(), 3e-2)
    real = corners[torch.arange(120) % 4] + 0.1 * torch.randn(120, 2)
    before = squared_mmd(generator(torch.randn(120, 4)), real, [0.3, 1.0]).item()
    for _ in range(150):
        loss = squared_mmd(generator(torch.randn(120, 4)), real, [0.3, 1.0])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    made = generator(torch.randn(400, 4)).detach()
    assert squared_mmd(made, real, [0.3, 1.0]).item() < 0.1 * before
    share = torch.stack([((made - corner).norm(dim=1) < 0.7).float().mean() for corner in corners])
    assert (share > 0.1).all()


@pytest.mark.parametrize(
    ("n", "m", "widths", "biased"),
    [(3, 3, [], False), (3, 3, [1.0, 0.0], False), (3, 3, [-1.0], True), (1, 3, [1.0], False), (3, 0, [1.0], True)],
)
def test_what_has_no_discrepancy_is_refused(n: int, m: int, widths: list[float], biased: bool) -> None:
    with pytest.raises(ValueError, match=r"bandwidths are positive|too few"):
        squared_mmd(torch.zeros(n, 2), torch.zeros(m, 2), widths, biased)
