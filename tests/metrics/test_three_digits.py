"""Three digits in three channels: the extractor of digits, thrice, and a thousand classes."""

import numpy as np
import pytest

from elegans import evaluate
from elegans.config import Data
from elegans.data import mnist, mnist5k, stacked
from elegans.errors import RequestError
from elegans.metrics._extractor import load
from elegans.metrics._stacked import Stacked


def triples(monkeypatch: pytest.MonkeyPatch, n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = mnist5k.build()
    parts = {"train": (x[:4000], y[:4000]), "test": (x[4000:], y[4000:])}
    monkeypatch.setattr(mnist, "build", lambda root=None, split="train": parts[split])
    return stacked.build(n=n)


def test_each_channel_is_seen_as_a_digit_is(monkeypatch: pytest.MonkeyPatch) -> None:
    images, classes = triples(monkeypatch, 300)
    digits = load("mnist")
    sees = Stacked(digits)
    features, logits = sees.see(images)
    assert (logits.shape, logits.dtype, features.dtype) == ((300, 1000), np.float32, np.float32)
    np.testing.assert_allclose(np.exp(logits.astype(float)).sum(1), 1, rtol=1e-4)
    apart = [digits.see(images[:, c : c + 1]) for c in range(3)]
    np.testing.assert_array_equal(features, np.concatenate([f for f, _ in apart], 1))
    red, green, blue = (found.argmax(1) for _, found in apart)
    np.testing.assert_array_equal(logits.argmax(1), 100 * red + 10 * green + blue)
    assert (logits.argmax(1) == classes).mean() > 0.97
    assert (sees.name, sees.sha256, sees.accuracy) == ("stacked", digits.sha256, digits.accuracy**3)
    assert sees.resize((3, 28, 28)) == ""


def test_grey_images_are_refused() -> None:
    with pytest.raises(
        RequestError, match=r"stacked digits are uint8 \[n, 3, h, w\]; these are uint8 \[2, 1, 28, 28\]"
    ):
        Stacked(load("mnist")).see(np.zeros((2, 1, 28, 28), np.uint8))


def test_a_card_counts_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    images, _ = triples(monkeypatch, 1000)
    few = images[:20].repeat(50, 0)
    all_modes, lost = (
        evaluate.card(x.transpose(0, 2, 3, 1), None, Data(name="stacked", n=1000))["metrics"] for x in (images, few)
    )
    assert all_modes["modes"] > 970
    assert lost["modes"] == 20
    assert all_modes["mode_kl"] < 0.1 < 3 < lost["mode_kl"]
    assert all_modes["copies"] == 1
