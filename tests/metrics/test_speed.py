"""Ten thousand against ten thousand, as a card has them: seconds, and memory that does not grow with their product."""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from elegans.metrics import fid, kid, memorised, prdc
from elegans.metrics._judged import Judged

MEGABYTE = 2**20


def noise(n: int, seed: int, pixels: int = 2) -> Judged:
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 256, (n, 1, pixels, pixels), np.uint8)
    return Judged(images, None, draw.normal(size=(n, 96)).astype(np.float32), np.zeros((n, 10), np.float32))


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds and, at the peak, megabytes."""
    tracemalloc.start()
    begun = time.perf_counter()
    work()
    seconds, peak = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / MEGABYTE


@pytest.mark.parametrize("metric", [fid, kid, prdc])
def test_ten_thousand_against_ten_thousand(metric) -> None:  # type: ignore[no-untyped-def]
    """All distances at once would be 763 MB in float64."""
    fake, real = noise(10_000, 1), noise(10_000, 2)
    seconds, megabytes = cost(lambda: metric.compute(fake, real))
    assert seconds < 60  # 3 or 6 on one free core
    assert megabytes < 150


def test_twenty_thousand_training_images() -> None:
    fake, real, train = noise(10_000, 1, 28), noise(10_000, 2, 28), noise(20_000, 3, 28)
    seconds, megabytes = cost(lambda: memorised.compute(fake, real, train))
    assert seconds < 60  # 3 on one free core
    assert megabytes < 150
