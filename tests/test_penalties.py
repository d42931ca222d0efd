"""The penalties in cases that can be computed by hand, and their gradients against finite differences."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from elegans.penalties import gradient_penalty, lack_of_spread, spread, squared_gradient

N, SHAPE = 5, (2, 3, 4)
PIXELS = 24


def batch(seed: int) -> Tensor:
    return torch.randn(N, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(weight: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda images: images.flatten(1) @ weight + 3.0


def weight_of_norm(norm: float) -> Tensor:
    weight = torch.randn(PIXELS, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return norm * weight / weight.norm()


def between() -> Tensor:
    return torch.linspace(0.0, 1.0, N, dtype=torch.float64)


@pytest.mark.parametrize("norm", [0.5, 1.0, 3.0])
def test_r1_of_a_linear_critic_is_half_the_squared_norm_of_its_weight(norm: float) -> None:
    assert squared_gradient(linear(weight_of_norm(norm)), batch(0)).item() == pytest.approx(norm**2 / 2, rel=1e-12)


def test_r1_of_a_quadratic_critic_is_half_the_mean_squared_distance_from_its_centre() -> None:
    images, centre = batch(0), batch(1)[:1]
    penalty = squared_gradient(lambda x: (x - centre).square().flatten(1).sum(1) / 2, images)
    expected = (images - centre).square().sum() / (2 * N)
    assert penalty.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("norm", [0.25, 1.0, 4.0])
def test_the_gradient_penalty_of_a_linear_critic_is_how_far_its_norm_is_from_one(norm: float) -> None:
    penalty = gradient_penalty(linear(weight_of_norm(norm)), batch(0), batch(1), between())
    assert penalty.item() == pytest.approx((norm - 1) ** 2, rel=1e-12, abs=1e-24)


def test_the_gradient_penalty_is_taken_between_real_and_fake() -> None:
    real, fake, at = batch(0), batch(1), between()
    places = [at[i] * real[i] + (1 - at[i]) * fake[i] for i in range(N)]  # the gradient of |x|²/2 at x is x
    expected = sum((place.norm() - 1) ** 2 for place in places) / N
    penalty = gradient_penalty(lambda x: x.square().flatten(1).sum(1) / 2, real, fake, at)
    assert penalty.item() == pytest.approx(float(expected), rel=1e-12)


def test_the_gradient_penalty_ends_at_fake_for_0_and_at_real_for_1() -> None:
    def critic(x: Tensor) -> Tensor:
        return x.square().flatten(1).sum(1) / 2

    real, fake = torch.zeros(2, 1, 1, 1), torch.full((2, 1, 1, 1), 3.0)
    assert gradient_penalty(critic, real, fake, torch.zeros(2)).item() == pytest.approx(4.0)  # (3 - 1)²
    assert gradient_penalty(critic, real, fake, torch.ones(2)).item() == pytest.approx(1.0)  # (0 - 1)²


@pytest.mark.parametrize("kind", ["r1", "gradient penalty"])
def test_gradients_in_the_critics_weights_agree_with_finite_differences(kind: str) -> None:
    layers = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 6), nn.Tanh(), nn.Linear(6, 1)).double()
    names = [name for name, _ in layers.named_parameters()]
    real, fake, at = batch(0), batch(1), between()

    def penalty(*weights: Tensor) -> Tensor:
        def critic(x: Tensor) -> Tensor:
            made: Tensor = torch.func.functional_call(layers, dict(zip(names, weights, strict=True)), (x,))
            return made.squeeze(1)

        return squared_gradient(critic, real) if kind == "r1" else gradient_penalty(critic, real, fake, at)

    weights = [parameter.detach().clone().requires_grad_() for parameter in layers.parameters()]
    assert torch.autograd.gradcheck(penalty, weights, eps=1e-6, atol=1e-6)


def test_the_penalties_leave_no_gradient_at_the_images() -> None:
    images = batch(0).requires_grad_()
    weight = weight_of_norm(2.0).requires_grad_()
    squared_gradient(linear(weight), images).backward()
    assert weight.grad is not None
    assert images.grad is None


def test_spread_is_the_mean_distance_to_the_next_of_the_class() -> None:
    images, y = batch(0), torch.tensor([1, 0, 1, 2, 1])
    pairs = [(0, 2), (2, 4), (4, 0)]  # round the class; the other two images are alone
    expected = sum((images[i] - images[j]).norm() for i, j in pairs) / 3
    torch.testing.assert_close(spread(images, y), expected)
    assert spread(images, torch.arange(N)) == 0
    torch.testing.assert_close(spread(images, torch.full((N,), -1)), spread(images, torch.zeros(N, dtype=torch.long)))


def test_a_lack_of_spread_pushes_images_of_a_class_apart_until_they_differ_as_real_ones_do() -> None:
    real, y = batch(0), torch.zeros(N, dtype=torch.long)
    fake = (0.1 * batch(1)).requires_grad_()
    lack = lack_of_spread(real, fake, y, y)
    torch.testing.assert_close(lack, spread(real, y) - spread(fake, y))
    (gradient,) = torch.autograd.grad(lack, fake)
    assert spread(fake - 0.1 * gradient, y) > spread(fake, y)
    wide = (3 * batch(1)).requires_grad_()
    assert lack_of_spread(real, wide, y, y) == 0
    assert torch.autograd.grad(lack_of_spread(real, wide, y, y), wide)[0].abs().max() == 0


def test_images_that_are_all_one_and_classes_of_one_have_a_gradient() -> None:
    """Of zero: nothing says where to."""
    for images, y in ((torch.ones(N, *SHAPE), torch.zeros(N, dtype=torch.long)), (batch(0), torch.arange(N))):
        leaf = images.double().requires_grad_()
        (gradient,) = torch.autograd.grad(spread(leaf, y), leaf)
        assert gradient.abs().max() == 0
