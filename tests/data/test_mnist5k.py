"""The 5,000 digits in the package are whole, quick to read, and MNIST's."""

import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from elegans.data import mnist, mnist5k
from elegans.errors import Failure, RequestError


def test_the_digits_are_there_and_every_prefix_is_balanced() -> None:
    begin = time.perf_counter()
    x, y = mnist5k.build()
    assert time.perf_counter() - begin < 0.3
    assert x.shape == (5000, 1, 28, 28)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    assert (y == np.arange(5000) % 10).all()
    assert len(np.unique(x.reshape(5000, -1), axis=0)) == 5000
    assert 30 < x.mean() < 37  # bright on black: MNIST's mean is 33.3
    assert x[:, 0, :2].mean() < 1


def test_a_root_has_no_place() -> None:
    with pytest.raises(RequestError, match="mnist5k reads no files of yours"):
        mnist5k.build("somewhere")


def test_a_damaged_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist5k, "files", replace(mnist5k.files, home=tmp_path))
    with pytest.raises(Failure, match="install elegans again"):
        mnist5k.build()


@pytest.mark.full
def test_each_is_in_the_full_training_set_once_with_its_label(full_data: Path) -> None:
    x, y = mnist.build(str(full_data))
    labels = defaultdict(list)
    for image, label in zip(x, y.tolist(), strict=True):
        labels[image.tobytes()].append(label)
    assert all(labels[i.tobytes()] == [label] for i, label in zip(*(a for a in mnist5k.build()), strict=True))
