"""Structural similarity: the reference where the window fits, windows by hand, its range, and what is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from elegans import ssim as module
from elegans.data import mnist5k
from elegans.errors import RequestError
from elegans.ssim import ssim


def reference(a: Tensor, b: Tensor) -> Tensor:
    """The reference pads by reflection; its map has our windows where the padding is out of reach."""
    _, full = structural_similarity_index_measure(a, b, data_range=1.0, reduction="none", return_full_image=True)
    return full[..., 5:-5, 5:-5].flatten(1).mean(1)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return torch.from_numpy(mnist5k.build()[0][:300].copy())


def test_it_is_the_reference_on_digits_and_on_colours(digits: Tensor) -> None:
    others = digits.roll(10, 0)
    found = ssim(digits, others)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, reference(digits.double() / 255, others.double() / 255), rtol=1e-6, atol=1e-6)
    a, b = noise(4, 3, 17, 23), noise(4, 3, 17, 23, seed=1)
    for other in (b, 0.9 * a + 0.1 * b, a / 2):
        torch.testing.assert_close(ssim(a, other), reference(a, other), rtol=1e-6, atol=1e-6)


def test_bytes_and_floats_are_the_same_images(digits: Tensor) -> None:
    others = digits.flip(3)
    torch.testing.assert_close(ssim(digits / 255, others / 255), ssim(digits, others), rtol=1e-5, atol=1e-5)


def test_flat_images_by_hand() -> None:
    """Without variance only the means count: (2 * .2 * .6 + c) / (.04 + .36 + c) with c = .0001."""
    a, b = torch.full((2, 1, 11, 11), 0.2), torch.full((2, 1, 11, 11), 0.6)
    torch.testing.assert_close(ssim(a, b), torch.full((2,), 0.2401 / 0.4001, dtype=torch.float64))


def test_one_window_by_hand() -> None:
    """An image of the window's size is one window: the moments are sums weighted by the Gaussian."""
    a, b = noise(1, 1, 11, 11), noise(1, 1, 11, 11, seed=1)
    place = torch.arange(11, dtype=torch.float64) - 5
    weights = (-(place[:, None] ** 2 + place**2) / 4.5).exp()
    weights /= weights.sum()
    mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
    var_a, var_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
    both = (weights * (a - mean_a) * (b - mean_b)).sum()
    light = (2 * mean_a * mean_b + 0.0001) / (mean_a**2 + mean_b**2 + 0.0001)
    assert ssim(a, b).item() == pytest.approx((light * (2 * both + 0.0009) / (var_a + var_b + 0.0009)).item())


@given(seed=st.integers(0, 10**6), n=st.integers(1, 5), block=st.integers(1, 4), dark=st.sampled_from([1.0, 0.5, 1e-3]))
def test_same_is_one_the_rest_below_and_neither_order_nor_block_matter(
    seed: int, n: int, block: int, dark: float
) -> None:
    a, b = dark * noise(n, 2, 12, 13, seed=seed), noise(n, 2, 12, 13, seed=seed + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = ssim(a, b)
        torch.testing.assert_close(ssim(a, a), torch.ones(n, dtype=torch.float64))
    assert found.shape == (n,)
    assert (found < 1).all()
    assert (found > -1).all()
    torch.testing.assert_close(ssim(b, a), found)
    torch.testing.assert_close(torch.cat([ssim(a[i : i + 1], b[i : i + 1]) for i in range(n)]), found)


def test_a_negative_is_below_nothing_and_a_shade_above_a_blur(digits: Tensor) -> None:
    x = digits / 255
    blurred = torch.nn.functional.avg_pool2d(x, 5, 1, 2)
    shaded = 0.9 * x
    assert (ssim(x, 1 - x) < 0.1).all()
    assert ssim(x, shaded).mean() > 0.97 > ssim(x, blurred).mean() + 0.1


def test_what_has_no_similarity_is_refused() -> None:
    good = torch.rand(2, 1, 12, 12)
    with pytest.raises(RequestError, match="ssim needs images of at least 11x11, not 10x12"):
        ssim(good[:, :, :10], good[:, :, :10])
    with pytest.raises(ValueError, match="not alike"):
        ssim(good, (good * 255).byte())
    with pytest.raises((ValueError, TypeCheckError)):  # the tests' own check is first
        ssim(good, good[..., :11])
    for bad in (2 * good - 1, good * 255, torch.full_like(good, torch.nan), good.int()):
        with pytest.raises(ValueError, match="images are uint8, or floats in"):
            ssim(bad, bad)
