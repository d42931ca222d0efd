"""The nearest training images: the same as the plain definition, block by block, and copies at distance 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elegans import nearest as module
from elegans.nearest import Bytes, nearest


def pictures(n: int, seed: int, shape: tuple[int, int, int] = (3, 5, 4)) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def plain(images: Bytes, among: Bytes) -> np.ndarray:
    """All distances by the definition, [n, m]."""
    differences = images[:, None].astype(float) - among[None].astype(float)
    return np.sqrt((differences**2).mean((2, 3, 4)))


@given(n=st.integers(1, 6), m=st.integers(1, 20), block=st.integers(1, 25), data=st.data())
def test_it_is_the_definition_whatever_the_block(n: int, m: int, block: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, m))
    images, among = pictures(n, 1), pictures(m, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        places, distances = nearest(images, among, k)
    expected = plain(images, among)
    assert places.shape == distances.shape == (n, k)
    np.testing.assert_allclose(distances, np.sort(expected, 1)[:, :k], rtol=1e-4)
    np.testing.assert_allclose(distances, np.take_along_axis(expected, places, 1), rtol=1e-4)
    assert all(len(set(row)) == k for row in places.tolist())


def test_a_copy_is_found_at_distance_nothing_among_thousands() -> None:
    among = pictures(2500, 0, (1, 28, 28))
    where = np.array([0, 1023, 1024, 2047, 2048, 2499])
    places, distances = nearest(among[where], among, 2)
    assert places[:, 0].tolist() == where.tolist()
    assert (distances[:, 0] == 0).all()
    assert (distances[:, 1] > 50).all()


def test_a_nearly_copy_of_a_large_image_is_told_from_another() -> None:
    """One level of one pixel in 49,152: the sums that choose have seven digits only, the distance is exact."""
    among = pictures(40, 0, (3, 128, 128))
    image = among[7:8].copy()
    image[0, 0, 0, 0] ^= 1
    places, distances = nearest(image, among, 1)
    assert places.tolist() == [[7]]
    assert distances[0, 0] == pytest.approx((1 / 49152) ** 0.5, rel=1e-3)


def test_a_known_distance_in_levels() -> None:
    black, grey = np.zeros((1, 3, 8, 8), np.uint8), np.full((1, 3, 8, 8), 100, np.uint8)
    assert nearest(black, grey, 1)[1][0, 0] == pytest.approx(100)


def test_only_what_is_compared_is_read(tmp_path: object) -> None:
    """A memory-mapped set is never in memory as a whole."""
    seen: list[int] = []

    class Mapped(np.ndarray):  # type: ignore[type-arg]
        def __getitem__(self, at):  # type: ignore[no-untyped-def]
            if isinstance(at, slice):
                seen.append(at.stop - at.start)
            return super().__getitem__(at)

    among = pictures(3000, 0, (1, 4, 4))
    nearest(among[:2], among.view(Mapped), 3)
    assert seen == [module.BLOCK] * 3
