"""Drawn rings: the same every time, whatever their number, and as many tendrils as the class says."""

import time

import numpy as np
import pytest

from elegans import find
from elegans.data import rings
from elegans.errors import RequestError


def test_the_same_every_time_and_a_prefix_of_more() -> None:
    x, y = rings.build(n=700)
    for n in (1, 3, 340):  # 340 is past the first chunk
        few, some = rings.build(n=n)
        assert (few == x[:n]).all()
        assert (some == y[:n]).all()
    assert not (rings.build(n=3, seed=1)[0] == x[:3]).all()
    assert len(np.unique(x.reshape(700, -1), axis=0)) == 700


def test_shape_type_and_speed() -> None:
    begin = time.perf_counter()
    x, y = rings.build()
    assert time.perf_counter() - begin < 3  # measured: 0.3 s
    assert x.shape == (2000, 1, 28, 28)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    assert sorted(np.unique(y)) == list(range(10))
    assert np.bincount(y).min() > 140
    assert rings.build(n=1, size=128)[0].shape == (1, 1, 128, 128)
    assert set(rings.build(n=50, classes=1)[1]) == {0}


def test_ink_is_bright_on_black_inside_the_picture_and_soft_at_its_edges() -> None:
    x = rings.build(n=200, size=64)[0][:, 0]
    edge = np.ones((64, 64), bool)
    edge[2:-2, 2:-2] = False
    assert x[:, edge].mean() < 3
    assert (x[:, 24:40, 24:40] == 0).mean() > 0.99  # the middle of the ring is empty
    assert 0.05 < (x > 200).mean() < 0.3
    assert 0.02 < ((x > 20) & (x < 235)).mean() < 0.15


def test_class_k_has_k_plus_one_tendrils() -> None:
    x, y = rings.build(n=100, size=192)
    counted = np.array([tendrils(image / 255) for image in x[:, 0]])
    assert (counted == y + 1).mean() > 0.95


def tendrils(image: np.ndarray) -> int:
    """How many arcs of ink there are on a circle outside the ring, which is fitted to its middle line."""
    size = len(image)
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    around = np.stack([np.cos(angles), np.sin(angles)], 1)

    def look(points: np.ndarray) -> np.ndarray:
        """The ink at points (x, y), in units of half the picture."""
        at = np.clip(((points + 1) * size / 2).astype(int), 0, size - 1)
        return image[at[..., 1], at[..., 0]]

    radii = np.arange(0.3, 0.9, 0.005)
    rays = look(radii[:, None, None] * around) > 0.5
    inner = rays.argmax(0)
    outer = (~rays & (np.arange(len(radii))[:, None] > inner)).argmax(0)
    hit = rays.any(0)  # not where the gap is
    points = ((radii[inner] + radii[outer]) / 2)[hit, None] * around[hit]
    for _ in range(2):  # |p|^2 = 2 p c + (r^2 - |c|^2), the second time without tendrils and gap
        system = np.column_stack([2 * points, np.ones(len(points))])
        *centre, rest = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
        radius = np.sqrt(rest + np.square(centre).sum())
        points = points[np.abs(np.hypot(*(points - centre).T) - radius) < 0.04]
    inked = look(centre + (radius + np.arange(0.15, 0.22, 0.01)[:, None, None]) * around) > 0.3
    return int(np.median((inked & ~np.roll(inked, 1, 1)).sum(1)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n": 0}, r"data\.n = 0"),
        ({"classes": 11}, r"data\.classes = 11"),
        ({"size": "many"}, r"data\.size = 'many'"),
        ({"colour": "red"}, r"no field 'data\.colour'"),
        ({"root": "here"}, "rings reads no files of yours"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        find.call(rings.build, "data", settings)
