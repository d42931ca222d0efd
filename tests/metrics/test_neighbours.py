"""Distances between many points: the definition whatever the block, and what rounding may not decide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elegans.metrics import _neighbours
from elegans.metrics._neighbours import balls, centred, nearest, squares


def plain(a, b):  # type: ignore[no-untyped-def]
    return ((a[:, None].astype(float) - b[None].astype(float)) ** 2).sum(2)


@given(
    n=st.integers(1, 9), m=st.integers(1, 9), d=st.integers(1, 3), numbers=st.integers(1, 40), seed=st.integers(0, 99)
)
def test_it_is_the_definition_whatever_the_block(n: int, m: int, d: int, numbers: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(n, d)), draw.normal(size=(m, d)) + 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_neighbours, "NUMBERS", numbers)
        found = np.full((n, m), np.nan)
        for rows, block in squares(a, b):
            assert block.size <= max(numbers, m)
            found[rows] = block
        least = nearest(a, b)
        sizes = [balls(a, k) for k in range(1, n)]
    np.testing.assert_allclose(found, plain(a, b), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(least, np.sqrt(plain(a, b).min(1)), rtol=1e-9, atol=1e-9)
    own = np.sort(plain(a, a), 1)
    for k, size in enumerate(sizes, 1):
        np.testing.assert_allclose(size, own[:, k], rtol=1e-8)
        assert (size < own[:, k]).all()


def test_centred_sets_keep_their_distances_and_are_about_the_mean_of_the_first() -> None:
    a, b = np.float32([[1e6, 0], [1e6 + 2, 0]]), np.float32([[1e6 + 1, 3]])
    here, there = centred(a, b)
    assert here.tolist() == [[-1, 0], [1, 0]]
    assert there.tolist() == [[0, 3]]


def test_copies_are_at_distance_nothing_far_from_the_origin_and_from_the_others() -> None:
    x = (np.random.default_rng(0).normal(size=(200, 30)) * 100 + 1e5).astype(np.float32)
    x[7] += 1e6
    assert (nearest(x, x) == 0).all()
    twice, _ = centred(np.concatenate([x, x]), x)
    assert (balls(twice, 1) == 0).all()
    assert (balls(twice, 2) > 0).all()


def test_points_of_one_place_are_at_distance_nothing() -> None:
    x = np.full((4, 3), 0.1)
    assert (nearest(x, x) == 0).all()
    assert (balls(*centred(x), 3) == 0).all()
    np.testing.assert_allclose(nearest(x, x[:1] + 1), 3**0.5)
