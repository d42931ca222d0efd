"""What a sheet shows in numbers: known sets of images have known numbers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from elegans import symptoms
from elegans.symptoms import Symptoms, moments, spreads

Bytes = NDArray[np.uint8]


def data(n: int = 600, classes: int = 3, seed: int = 0) -> tuple[Bytes, NDArray[np.int64]]:
    """Images around a centre for each class: a variance of 400 within, 60² between."""
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = np.random.default_rng(9).normal(128, 30, (classes, 1, 6, 6))
    return np.clip(centres[labels] + draw.normal(0, 20, (n, 1, 6, 6)), 0, 255).astype(np.uint8), labels


def last(images: Bytes) -> Bytes:
    return images.transpose(0, 2, 3, 1)


def test_real_images_have_ones() -> None:
    images, labels = data()
    look, (others, theirs) = Symptoms(images, labels, conditional=True), data(60, seed=1)
    found = look(last(others), theirs)
    assert found.keys() == {"variety", "variety_worst", "class_worst", "off", "told", "copied"}
    assert found["variety_worst"] == pytest.approx(1, abs=0.15)
    assert found["variety"] == pytest.approx(1, abs=0.06)
    assert found["told"] == pytest.approx(1, abs=0.15)
    assert 0.3 < found["off"] < 2
    assert found["copied"] < 0.1
    again, _ = data(60, seed=2)
    assert look(last(again), theirs)["change"] == pytest.approx((400 / (400 + look.between)) ** 0.5, abs=0.05)


def test_without_classes_all_variance_is_within() -> None:
    images, labels = data()
    found = Symptoms(images, labels, conditional=False)(last(data(60, seed=1)[0]), None)
    assert "told" not in found
    assert found["variety"] == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_variety_is_a_share_of_the_standard_deviation(share: float) -> None:
    images, labels = data()
    others, theirs = data(90, seed=1)
    centres = np.stack([images[labels == k].mean(0) for k in range(3)])[theirs]
    less = np.round(centres + share * (others - centres)).astype(np.uint8)
    found = Symptoms(images, labels, conditional=True)(last(less), theirs)
    assert found["variety"] == pytest.approx(share, abs=0.03)
    assert found["told"] > 0.9


@pytest.mark.parametrize("which", [0, 2])
def test_the_class_with_the_least_variety_is_named(which: int) -> None:
    images, labels = data()
    (others, theirs), look = data(90, seed=1), Symptoms(images, labels, conditional=True)
    its = theirs == which
    first, less = others[its][0].astype(float), others.copy()
    less[its] = np.round(first + 0.1 * (others[its] - first))
    found = look(last(less), theirs)
    assert (found["class_worst"], found["variety_worst"]) == (which, pytest.approx(0.1, abs=0.03))
    assert found["variety"] > 0.75  # which does not show it
    few = np.concatenate([np.flatnonzero(theirs == k)[: 3 if k == which else 9] for k in range(3)])
    look.before = None
    assert look(last(less[few]), theirs[few])["class_worst"] != which  # three images may be chance


def test_labels_that_change_nothing() -> None:
    images, labels = data()
    others, theirs = data(90, seed=1)
    found = Symptoms(images, labels, conditional=True)(last(others), np.random.default_rng(3).permutation(theirs))
    assert found["told"] < 0.15
    assert found["variety"] > 1.1  # what lay between the classes is within them now


def test_off_counts_in_units_of_chance() -> None:
    images, labels = data()
    others, _ = data(90, seed=1)
    moved = np.clip(others.astype(int) + 20, 0, 255).astype(np.uint8)
    look = Symptoms(images, labels, conditional=False)
    assert look(last(moved), None)["off"] == pytest.approx(400 * 90 / look.within, rel=0.2)


def test_copies_are_counted_and_near_ones_too() -> None:
    images, labels = data()
    look, (others, _) = Symptoms(images, labels, conditional=False), data(60, seed=1)
    others[:15] = images[100:115]
    others[15:30] = np.clip(images[115:130].astype(int) + 2, 0, 255)
    assert look(last(others), None)["copied"] == pytest.approx(0.5, abs=0.05)


def test_in_many_or_very_few_images_no_copies_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = data()
    assert "copied" not in Symptoms(images[:5], labels[:5], conditional=False)(last(images[:9]), None)
    monkeypatch.setattr(symptoms, "BYTES", images.nbytes - 1)
    assert "copied" not in Symptoms(images, labels, conditional=False)(last(images[:9]), None)


def test_moments_are_those_of_the_analysis_of_variance() -> None:
    """Over many small draws their means are the true variances: neither is biased by how few images a class has."""
    draw, found, alone = np.random.default_rng(0), [], []
    for _ in range(400):
        labels = np.repeat(np.arange(8), [2, 3, 4, 2, 3, 4, 2, 4])
        images = draw.normal(0, 10, (8, 1, 1, 4))[labels] + draw.normal(0, 20, (24, 1, 1, 4)) + 128
        rounded = np.round(images).clip(0, 255).astype(np.uint8)
        found.append(moments(rounded, labels)[1:])
        each = spreads(rounded, labels)
        assert list(each) == [2, 5, 7]  # those with four images
        alone.append(list(each.values()))
    within, between = np.mean(found, axis=0)
    assert within == pytest.approx(400, rel=0.05)
    assert np.mean(alone, axis=0) == pytest.approx([400] * 3, rel=0.08)
    assert between == pytest.approx(100, rel=0.15)
    mean, variance, none = moments(images := data(50)[0], None)
    assert none == 0
    assert variance == pytest.approx(images.astype(float).var(0, ddof=1).mean())
    assert mean.tolist() == images.reshape(50, -1).mean(0).tolist()


def test_constant_images_break_nothing() -> None:
    black = np.zeros((30, 1, 4, 4), np.uint8)
    found = Symptoms(black, np.arange(30) % 2, conditional=True)(last(black[:10]), np.arange(10) % 2)
    assert all(np.isfinite(list(found.values())))


def test_where_images_repeat_each_other_no_copies_are_told() -> None:
    """Real images would be called copies themselves."""
    few = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8), np.uint8)
    images = few[np.arange(200) % 4]
    assert "copied" not in Symptoms(images, np.zeros(200, np.int64), False)(last(images[:64]), None)
