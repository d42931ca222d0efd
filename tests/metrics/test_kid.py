"""The kernel distance: the reference, the double loop, no bias, and which subsets are drawn."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from elegans.errors import RequestError
from elegans.metrics import kid
from elegans.metrics.kid import compute, mmd


def loops(a, b) -> float:  # type: ignore[no-untyped-def]
    def mean(x, y, same: bool) -> float:  # type: ignore[no-untyped-def]
        pairs = [(i, j) for i in range(len(x)) for j in range(len(y)) if not same or i != j]
        return sum((x[i] @ y[j] / x.shape[1] + 1) ** 3 for i, j in pairs) / len(pairs)

    return mean(a, a, True) - 2 * mean(a, b, False) + mean(b, b, True)


def test_two_points_each_by_hand() -> None:
    """Of 0 and 1 in one dimension k = 1; of 0 with anything 1; of 2 and 1 it is 27: 1 - 2 (1 + 1 + 1 + 27) / 4 + 1."""
    assert mmd(np.array([[0.0], [1.0]]), np.array([[0.0], [2.0]])) == pytest.approx(1 - 15 + 1)


def test_it_is_the_double_loop_for_sets_of_different_sizes() -> None:
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(7, 3)), draw.normal(size=(4, 3)) + 1
    assert mmd(a, b) == pytest.approx(loops(a, b), rel=1e-10)
    assert mmd(b, a) == pytest.approx(loops(a, b), rel=1e-10)


def test_it_is_the_reference_on_digits(digits) -> None:  # type: ignore[no-untyped-def]
    a, b = digits.features[:1000] * 3, digits.features[1000:2000]
    expected = float(poly_mmd(torch.from_numpy(a).double(), torch.from_numpy(b).double()))
    assert mmd(a, b) == pytest.approx(expected, rel=1e-9)


def test_halves_of_one_set_are_at_no_distance_on_average() -> None:
    draw = np.random.default_rng(0)
    found = [mmd(draw.normal(size=(10, 2)), draw.normal(size=(15, 2))) for _ in range(2000)]
    assert abs(np.mean(found)) < 4 * np.std(found) / 2000**0.5
    assert np.std(found) / 2000**0.5 < 0.05  # a diagonal left in adds .9
    assert min(found) < 0


def test_the_mean_over_subsets_is_that_of_the_whole_and_the_deviation_that_of_one_subset(digits, part) -> None:  # type: ignore[no-untyped-def]
    fake, real = part(digits, slice(0, 2500)), part(digits, slice(2500, 5000))
    fake = fake._replace(features=fake.features * 1.05)
    found = compute(fake, real)
    assert set(found) == {"kid", "kid_std"}
    assert found["kid"] == pytest.approx(mmd(fake.features, real.features), abs=4 * found["kid_std"] / 10)
    draw = np.random.default_rng(1)
    fresh = [mmd(draw.permutation(fake.features)[:1000], draw.permutation(real.features)[:1000]) for _ in range(100)]
    assert found["kid_std"] == pytest.approx(np.std(fresh), rel=0.4)


@pytest.mark.parametrize(("n", "m", "size"), [(4, 9, 2), (300, 41, 20), (2500, 2600, 1000)])
def test_subsets_are_drawn_alike_each_time_without_repetition_and_differ(judged, monkeypatch, n, m, size) -> None:  # type: ignore[no-untyped-def]
    drawn: list[tuple[frozenset[float], frozenset[float]]] = []

    def record(a, b) -> float:  # type: ignore[no-untyped-def]
        assert len(a) == len(b) == size
        drawn.append((frozenset(a[:, 0].tolist()), frozenset(b[:, 0].tolist())))
        return float(len(drawn) % 2)

    monkeypatch.setattr(kid, "mmd", record)
    fake, real = (judged(features=np.arange(k).reshape(-1, 1)) for k in (n, m))
    assert compute(fake, real) == {"kid": 0.5, "kid_std": 0.5}
    compute(fake, real)
    assert drawn[:100] == drawn[100:]
    assert all(len(a) == len(b) == size for a, b in drawn)
    assert len(set(drawn[:100])) > 50
    assert frozenset.union(*(a for a, _ in drawn)) == set(range(n))


def test_three_images_are_too_few(judged) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match="kid needs at least 4 generated images, there are 3"):
        compute(judged(features=np.eye(3)), judged(features=np.ones((9, 3))))
