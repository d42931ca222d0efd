"""The Fréchet distance: closed forms of Gaussians given exactly, the reference, and what it may not depend on."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.image.fid import _compute_fid

from elegans.errors import RequestError
from elegans.metrics.fid import compute, frechet

Reals = np.ndarray


def exactly(mean: Reals, covariance: Reals, n: int = 50, seed: int = 0) -> Reals:  # type: ignore[type-arg]
    """Points whose sample mean and unbiased covariance are those, to rounding."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(0)
    white = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def reference(a: Reals, b: Reals) -> float:  # type: ignore[type-arg]
    moments = [torch.from_numpy(m) for x in (a.astype(float), b.astype(float)) for m in (x.mean(0), np.cov(x.T))]
    return float(_compute_fid(*moments))


def test_between_gaussians_along_the_axes_it_is_the_distance_of_means_and_of_deviations() -> None:
    mean, sigma = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 3.0])
    other, tau = np.array([0.0, 1.0, 0.5]), np.array([2.0, 2.0, 0.5])
    expected = ((mean - other) ** 2).sum() + ((sigma - tau) ** 2).sum()
    assert expected == pytest.approx(17.25)
    a, b = exactly(mean, np.diag(sigma**2)), exactly(other, np.diag(tau**2), 70, 1)
    assert frechet(a, b) == pytest.approx(17.25, rel=1e-10)


def test_between_gaussians_that_do_not_commute_it_is_the_closed_form_of_the_plane() -> None:
    """There tr √(AB) = √(tr AB + 2 √det AB)."""
    a, b = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[0.5, -0.4], [-0.4, 3.0]])
    assert not np.allclose(a @ b, b @ a)
    root = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    expected = np.trace(a) + np.trace(b) - 2 * root + 4
    assert frechet(exactly(np.zeros(2), a), exactly(np.array([0.0, 2.0]), b, 30)) == pytest.approx(expected, rel=1e-10)


def test_one_dimension_by_hand() -> None:
    """Means 1 and 5, variances 2 and 8: 16 + 2 + 8 - 2 * 4."""
    assert frechet(np.array([[0.0], [2.0]]), np.array([[3.0], [7.0]])) == pytest.approx(18)


@pytest.mark.parametrize("n", [2500, 1000, 129])
def test_it_is_the_reference_on_digits(digits, n: int) -> None:  # type: ignore[no-untyped-def]
    a, b = digits.features[:n], digits.features[2500 : 2500 + n] ** 1.1
    assert frechet(a, b) == pytest.approx(reference(a, b), rel=1e-6)


def test_it_is_the_reference_on_fewer_images_than_features(digits) -> None:  # type: ignore[no-untyped-def]
    """Singular covariances, where the reference takes roots of rounding errors."""
    a, b = digits.features[:20], digits.features[2500:2530]
    assert frechet(a, b) == pytest.approx(reference(a, b), rel=1e-4)


def test_a_set_is_at_no_distance_from_itself_and_the_estimate_shrinks_with_the_number_of_images(digits) -> None:  # type: ignore[no-untyped-def]
    x = digits.features
    variance = float(x.var(0).sum())
    assert frechet(x, x) < 1e-12 * variance
    assert frechet(x, x[::-1]) < 1e-12 * variance
    found = [frechet(x[:n], x[2500 : 2500 + n]) for n in (25, 250, 2500)]
    assert found[0] > 4 * found[1] > 16 * found[2] > 0


@given(seed=st.integers(0, 10**6), n=st.integers(2, 9), m=st.integers(2, 9), d=st.integers(1, 5))
def test_symmetry_and_what_it_does_not_depend_on(seed: int, n: int, m: int, d: int) -> None:
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(n, d)), draw.normal(size=(m, d)) * 3 + 1
    expected = frechet(a, b)
    turn = np.linalg.qr(draw.normal(size=(d, d))).Q
    close = {"rel": 1e-8, "abs": 1e-10}
    assert expected >= 0
    assert frechet(b, a) == pytest.approx(expected, **close)
    assert frechet(draw.permutation(a), b) == pytest.approx(expected, **close)
    assert frechet(a + 7, b + 7) == pytest.approx(expected, **close)
    assert frechet(a @ turn, b @ turn) == pytest.approx(expected, **close)
    assert frechet(3 * a, 3 * b) == pytest.approx(9 * expected, **close)


def test_float32_is_as_good_far_from_the_origin(judged) -> None:  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(0)
    a, b = (draw.integers(0, 16, (300, 4)).astype(np.float32) + shift for shift in (0, 1))
    assert compute(judged(features=a + 1e6), judged(features=b + 1e6)) == pytest.approx(
        {"fid": frechet(a, b)}, rel=1e-9
    )


def test_a_collapsed_generator_has_a_distance_too(judged) -> None:  # type: ignore[no-untyped-def]
    """A point at 3 from the mean of a set of variance 2."""
    found = compute(judged(features=[[4.0]] * 5), judged(features=[[0.0], [2.0]]))
    assert found == pytest.approx({"fid": 9 + 2})


def test_one_image_is_too_few(judged) -> None:  # type: ignore[no-untyped-def]
    one, two = judged(features=[[1.0]]), judged(features=[[1.0], [2.0]])
    with pytest.raises(RequestError, match="fid needs at least 2 generated images, there are 1"):
        compute(one, two)
    with pytest.raises(RequestError, match="fid needs at least 2 real images, there are 1"):
        compute(two, one)
