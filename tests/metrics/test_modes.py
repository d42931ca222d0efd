"""Modes: counts and divergences by hand, a class never expected, and what chance makes of real images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elegans.errors import RequestError
from elegans.metrics.modes import compute, divergence

COUNTS = st.lists(st.integers(0, 9), min_size=5, max_size=5).filter(any)


def test_by_hand(judged) -> None:  # type: ignore[no-untyped-def]
    """Shares 3/4, 1/4 and 0 against 1/4, 1/4 and 1/2."""
    fake, real = (judged(logits=np.eye(3)[seen]) for seen in ([0, 0, 0, 1], [0, 1, 2, 2]))
    assert compute(fake, real) == pytest.approx({"modes": 2, "mode_kl": 0.75 * np.log(3)})
    assert compute(real, real) == {"modes": 3, "mode_kl": 0}


def test_one_mode_of_a_thousand(judged) -> None:  # type: ignore[no-untyped-def]
    fake, real = judged(logits=np.eye(1000)[[5] * 20]), judged(logits=np.eye(1000))
    assert compute(fake, real) == pytest.approx({"modes": 1, "mode_kl": np.log(1000)})


def test_a_class_never_expected_costs_much_and_not_all() -> None:
    """It counts as half an image of then 4.5."""
    assert divergence(np.array([0, 2]), np.array([4, 0])) == pytest.approx(np.log(9))


@given(COUNTS, COUNTS)
def test_it_is_never_negative_and_nothing_only_for_equal_shares(seen: list[int], expected: list[int]) -> None:
    a, b = np.array(seen), np.array(expected)
    found = divergence(a, b)
    assert np.isfinite(found)
    assert divergence(a, a) == divergence(3 * a, a) == 0
    if np.abs(a / a.sum() - b / b.sum()).max() > 1e-6:
        assert found > 1e-9
    assert found == pytest.approx(divergence(a[::-1], b[::-1]))


def test_chance_alone_makes_as_much_as_the_docstring_says() -> None:
    draw, k, n, m = np.random.default_rng(0), 10, 2000, 5000
    found = [divergence(draw.multinomial(n, [1 / k] * k), draw.multinomial(m, [1 / k] * k)) for _ in range(2000)]
    assert np.mean(found) == pytest.approx((k - 1) * (1 / n + 1 / m) / 2, rel=0.05)


def test_of_extractors_that_know_different_classes_nothing_is_said(judged) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match="logits of different widths, 3 of the generated ones, 4 of the real ones"):
        compute(judged(logits=np.eye(3)), judged(logits=np.eye(4)))
