"""Stacked digits: three in three channels, a thousand classes, each as often as any other."""

from pathlib import Path

import numpy as np
import pytest

from elegans.data import mnist, mnist5k, stacked
from elegans.splits import held_out, images_of


@pytest.fixture(autouse=True)
def _few_digits(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "full_data" not in request.fixturenames:
        x, y = mnist5k.build()
        parts = {"train": (x[:4000], y[:4000]), "test": (x[4000:], y[4000:])}
        monkeypatch.setattr(mnist, "build", lambda root=None, split="train": parts[split])


def test_each_channel_is_a_digit_of_the_class_and_every_class_is_there_equally_often() -> None:
    images, classes = stacked.build(n=2500)
    assert (images.shape, images.dtype, classes.dtype) == ((2500, 3, 28, 28), np.uint8, np.int64)
    counts = np.bincount(classes, minlength=1000)
    assert (len(counts), counts.min(), counts.max()) == (1000, 2, 3)
    x, y = mnist.build(None, "train")
    of = {image.tobytes(): label for image, label in zip(x[:, 0], y, strict=True)}
    for channel, weight in enumerate((100, 10, 1)):
        assert [of[image.tobytes()] for image in images[:, channel]] == (classes // weight % 10).tolist()


def test_they_are_drawn_by_the_seed_and_differ() -> None:
    first, again, other = stacked.build(n=1000), stacked.build(n=1000), stacked.build(n=1000, seed=1)
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert (first[1] != other[1]).any()
    assert len(np.unique(first[0].reshape(1000, -1), axis=0)) > 990
    assert (np.diff(first[1]) != 1).mean() > 0.9  # not in the order of their classes


def test_the_test_set_is_of_other_digits() -> None:
    images, classes = stacked.build(split="test")
    assert np.bincount(classes).tolist() == [10] * 1000
    trained = {image.tobytes() for image in mnist.build(None, "train")[0][:, 0]}
    held = {image.tobytes() for image in mnist.build(None, "test")[0][:, 0]}
    channels = {image.tobytes() for image in images[:100].reshape(-1, 28, 28)}
    assert channels <= held
    assert not channels & (trained - held)


def test_of_all_of_mnist(full_data: Path) -> None:
    from elegans.config import Data

    data = Data(name="stacked", root=str(full_data))
    assert held_out(data)
    assert [len(images_of(data, part)[0]) for part in ("train", "test")] == [60_000, 10_000]  # type: ignore[arg-type]
