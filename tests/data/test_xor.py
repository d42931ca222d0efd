"""XOR: four clusters of two pixels, and a class that no line can tell."""

import numpy as np
import pytest

from elegans import find
from elegans.data import xor
from elegans.errors import RequestError


def test_the_same_every_time_and_a_prefix_of_more() -> None:
    x, y = xor.build()
    assert x.shape == (2000, 1, 1, 2)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    for n in (1, 7, 1999):
        few, some = xor.build(n=n)
        assert (few == x[:n]).all()
        assert (some == y[:n]).all()
    assert not (xor.build(seed=1)[0] == x).all()


def test_four_clusters_of_equal_share_and_the_class_is_whether_the_pixels_differ() -> None:
    x, y = xor.build(n=4000)
    bright = x[:, 0, 0] > 127
    assert ((bright[:, 0] != bright[:, 1]) == y).all()
    cluster = bright @ [1, 2]
    assert np.bincount(cluster).min() > 900
    for k in range(4):
        at = x[cluster == k, 0, 0].astype(float)
        assert at.mean(0) == pytest.approx(255 * np.where([k & 1, k & 2], 0.75, 0.25), abs=1.5)
        assert at.std(0) == pytest.approx([0.05 * 255] * 2, abs=1)
        assert abs(np.corrcoef(at.T)[0, 1]) < 0.15


def test_the_spread_is_as_asked_for_and_stays_between_black_and_white() -> None:
    assert len(np.unique(xor.build(spread=0)[0].reshape(-1, 2), axis=0)) == 4
    wide, y = xor.build(spread=0.5)
    assert {wide.min(), wide.max()} == {0, 255}
    assert (y == xor.build()[1]).all()
    assert 0.1 < (wide == 0).mean() < 0.25  # cut off, not wrapped around


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n": 0}, r"data\.n = 0"),
        ({"spread": -0.1}, r"data\.spread = -0\.1"),
        ({"root": "here"}, "xor reads no files of yours"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        find.call(xor.build, "data", settings)
