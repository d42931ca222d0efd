"""Precision, recall, density, coverage: the reference on digits, small sets by hand, and their expected values."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prdc import compute_prdc

from elegans.errors import RequestError
from elegans.metrics.prdc import compute, prdc


def column(*numbers: float):  # type: ignore[no-untyped-def]
    return np.array(numbers, dtype=float).reshape(-1, 1)


def test_points_on_a_line_by_hand() -> None:
    """With k = 1 the real balls are 0±1, 1±1, 4±3, 20±16, the fake ones .5±2.5, 3±2.5 and 100±97, open all.

    The fake .5 is in those of 0 and 1; 3 in that of 4; 100 in none. Of the reals 0, 1 and 20 are in fake balls as is 4.
    """
    found = prdc(column(0.5, 3, 100), column(0, 1, 4, 20), 1)
    assert found == pytest.approx({"precision": 2 / 3, "recall": 1, "density": 3 / 3, "coverage": 3 / 4})


def test_with_two_neighbours_by_hand() -> None:
    """The real balls are 0±2, 1±1, 2±2, 10±9; the fake ones 0±1, .5±.5, 1±1: wholly inside, and 2 and 10 unreached."""
    found = prdc(column(0, 0.5, 1), column(0, 1, 2, 10), 2)
    inside = {0: 1 + 0 + 0 + 0, 0.5: 1 + 1 + 1 + 0, 1: 1 + 1 + 1 + 0}
    assert found == pytest.approx(
        {"precision": 1, "recall": 2 / 4, "density": sum(inside.values()) / 6, "coverage": 3 / 4}
    )


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(("n", "m"), [(1500, 1500), (400, 1100), (1000, 300)])
def test_it_is_the_reference_on_digits(digits, k: int, n: int, m: int) -> None:  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(0)
    fake = digits.features[:n] * 0.9 + draw.normal(size=(n, 128)) * 0.05 * digits.features.std()
    real = digits.features[2500 : 2500 + m].astype(np.float64)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = compute_prdc(real, fake, k)
    assert len(set(expected.values())) == 4
    assert 0.2 < expected["recall"] < 0.95
    assert prdc(fake, real, k) == pytest.approx(expected, rel=1e-4)


def test_a_set_against_itself_is_all_ones_exactly_and_disjoint_ones_are_all_zero(digits, part) -> None:  # type: ignore[no-untyped-def]
    some = part(digits, slice(0, 1000))
    assert compute(some, some) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}
    assert compute(some, part(some, slice(None, None, -1))) == {
        "precision": 1,
        "recall": 1,
        "density": 1,
        "coverage": 1,
    }
    far = some._replace(features=some.features + 1000)
    assert compute(far, some) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_of_one_distribution_density_is_one_and_coverage_as_derived_by_its_authors() -> None:
    """E coverage = 1 - (m-1)…(m-k) / (n+m-1)…(n+m-k) for m real and n fake points, about 1 - 2⁻ᵏ for n = m."""
    draw, n, m, k, rounds = np.random.default_rng(0), 60, 60, 5, 300
    found = [prdc(draw.normal(size=(n, 3)), draw.normal(size=(m, 3)), k) for _ in range(rounds)]
    i = np.arange(1, k + 1)
    expected = 1 - np.prod((m - i) / (n + m - i))
    for name, value in (("coverage", expected), ("density", 1)):
        values = np.array([one[name] for one in found])
        assert abs(values.mean() - value) < 4 * values.std() / rounds**0.5
    assert np.mean([one["precision"] for one in found]) == pytest.approx(
        np.mean([one["recall"] for one in found]), rel=0.02
    )


def test_one_class_of_ten_is_precise_and_does_not_cover(digits, part) -> None:  # type: ignore[no-untyped-def]
    fake, real = part(digits, slice(0, 2500)), part(digits, slice(2500, 5000))
    whole, threes = compute(fake, real), compute(part(fake, fake.labels == 3), real)
    assert whole["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)
    assert whole["density"] == pytest.approx(1, abs=0.05)
    assert threes["precision"] > 0.9 * whole["precision"]
    assert threes["coverage"] < 0.4
    assert threes["recall"] < 0.6 * whole["recall"]


def test_one_image_over_and_over_recalls_nothing_even_where_it_is_real(digits, part) -> None:  # type: ignore[no-untyped-def]
    real = part(digits, slice(0, 500))
    found = compute(part(digits, np.zeros(50, int)), real)
    assert found["precision"] == 1
    assert found["recall"] == 0
    assert found["coverage"] < 0.05


@given(seed=st.integers(0, 10**6), n=st.integers(6, 12), m=st.integers(6, 12), k=st.integers(1, 5))
def test_ranges_order_and_that_recall_is_precision_the_other_way(seed: int, n: int, m: int, k: int) -> None:
    draw = np.random.default_rng(seed)
    fake, real = draw.normal(size=(n, 2)), draw.normal(size=(m, 2)) + 0.5
    found, back = prdc(fake, real, k), prdc(real, fake, k)
    assert found["precision"] == back["recall"]
    assert found["recall"] == back["precision"]
    assert all(0 <= value <= (m / k if name == "density" else 1) for name, value in found.items())
    assert prdc(draw.permutation(fake), draw.permutation(real), k) == found
    assert prdc(fake * 100 + 7, real * 100 + 7, k) == found


def test_five_images_are_too_few(judged) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match="prdc needs at least 6 real images, there are 5"):
        compute(judged(features=np.eye(6)), judged(features=np.eye(6)[:5]))
