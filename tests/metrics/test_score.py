"""The classifier's score: its ends, an example by hand, the reference; it does not depend on the order."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.image.inception import InceptionScore

from elegans.errors import RequestError
from elegans.metrics.score import compute, score


@pytest.mark.parametrize("k", [2, 10, 1000])
def test_certain_and_even_is_the_number_of_classes_and_one_class_is_one(k: int) -> None:
    sure = 1e4 * np.eye(k)
    assert score(np.concatenate([sure, sure])) == pytest.approx(k)
    assert score(sure[:1]) == pytest.approx(1)
    assert score(np.repeat(sure[:1], 5, 0)) == pytest.approx(1)
    assert score(np.zeros((5, k))) == pytest.approx(1)


def test_two_images_by_hand() -> None:
    """.9 and .1 for one, the other way for the other: each is at KL = .9 log 1.8 + .1 log .2 from one half."""
    p = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert score(np.log(p) + 5) == pytest.approx(np.exp(0.9 * np.log(1.8) + 0.1 * np.log(0.2)))


@pytest.mark.filterwarnings("ignore:std")  # of the reference over one split
@pytest.mark.filterwarnings("ignore:Metric `InceptionScore`")  # that it keeps all features
def test_it_is_the_reference_on_digits(digits) -> None:  # type: ignore[no-untyped-def]
    reference = InceptionScore(feature=torch.nn.Identity(), splits=1)
    reference.update(torch.from_numpy(digits.logits).double())
    expected = float(reference.compute()[0])
    assert 1.5 < expected < 9.9
    assert compute(digits, digits) == pytest.approx({"score": expected}, rel=1e-5)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 20), k=st.integers(1, 6), scale=st.sampled_from([0.1, 3, 1e3]))
def test_it_stays_in_its_range_and_the_order_is_nothing(seed: int, n: int, k: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(n, k)) * scale
    assert 1 - 1e-9 <= score(logits) <= k + 1e-9
    assert score(draw.permutation(logits)) == pytest.approx(score(logits))
    assert score(logits[:, draw.permutation(k)]) == pytest.approx(score(logits))


def test_images_sorted_by_class_score_like_mixed_ones(digits) -> None:  # type: ignore[no-untyped-def]
    order = np.argsort(digits.logits.argmax(1))
    assert score(digits.logits[order]) == pytest.approx(score(digits.logits))


def test_no_image_has_no_score(judged) -> None:  # type: ignore[no-untyped-def]
    none = judged(logits=np.zeros((0, 3)))
    with pytest.raises(RequestError, match="score needs at least 1 generated image, there are 0"):
        compute(none, none)
