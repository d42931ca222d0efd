"""Memorised images: copies, nearly copies, unseen images and blurred ones, of digits; and what is drawn and refused."""

import numpy as np
import pytest

from elegans.errors import RequestError
from elegans.metrics import memorised
from elegans.metrics._judged import Judged
from elegans.metrics.memorised import compute
from elegans.nearest import isolation

TRAIN, REAL, FAKE = slice(0, 3000), slice(3000, 4000), slice(4000, 5000)


@pytest.fixture(scope="session")
def drawn(digits, extract):  # type: ignore[no-untyped-def]
    """A set of images as the extractor sees them."""

    def make(images) -> Judged:  # type: ignore[no-untyped-def]
        return Judged(images, None, extract(images), np.zeros((len(images), 10), np.float32))

    return make


def noisy(images, levels: int):  # type: ignore[no-untyped-def]
    noise = np.random.default_rng(0).normal(0, levels, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def blurred(images):  # type: ignore[no-untyped-def]
    padded = np.pad(images.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.rint(sum(padded[:, :, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9).astype(np.uint8)


def test_copies_are_told_from_unseen_images(digits, part) -> None:  # type: ignore[no-untyped-def]
    train, real = part(digits, TRAIN), part(digits, REAL)
    assert compute(part(train, slice(500)), real, train) == {
        "memorised_pixels": 0,
        "memorised_features": 0,
        "copies": 1,
    }
    found = compute(part(digits, FAKE), real, train)
    assert found["memorised_pixels"] == pytest.approx(1, abs=0.05)
    assert found["memorised_features"] == pytest.approx(1, abs=0.05)
    assert found["copies"] == pytest.approx(0.01, abs=0.01)
    half = np.concatenate([np.arange(500), np.arange(4000, 4500)])
    assert compute(part(digits, half), real, train)["copies"] == pytest.approx(0.5, abs=0.02)


def test_held_out_images_themselves_pass_for_copies_as_rarely_as_they_should(digits, part) -> None:  # type: ignore[no-untyped-def]
    real = part(digits, REAL)
    found = compute(real, real, part(digits, TRAIN))
    assert found == {"memorised_pixels": 1, "memorised_features": 1, "copies": 0.01}


def test_copies_are_found_where_some_held_out_images_are_in_the_training_set_too(digits, part) -> None:  # type: ignore[no-untyped-def]
    train, real = part(digits, TRAIN), part(digits, slice(2950, 4000))
    assert compute(part(train, slice(500)), real, train)["copies"] == 1
    assert compute(part(digits, FAKE), real, train)["copies"] == 0


def test_noisy_and_faint_copies_are_found_and_blurred_or_simple_images_are_none(digits, part, drawn) -> None:  # type: ignore[no-untyped-def]
    train, real, fake = part(digits, TRAIN), part(digits, REAL), part(digits, FAKE)
    some = train.images[:500]
    assert compute(drawn(noisy(some, 20)), real, train)["copies"] > 0.95
    assert compute(drawn((some * 0.8).astype(np.uint8)), real, train)["copies"] > 0.9
    soft = compute(drawn(blurred(fake.images)), real, train)
    assert soft["copies"] <= 0.01
    assert soft["memorised_pixels"] < 0.95  # though nearer than unseen images are
    ones = compute(part(fake, fake.labels == 1), real, train)
    assert ones["memorised_pixels"] < 0.6
    assert ones["copies"] < 0.1


def test_a_copy_of_an_image_that_is_there_three_times_is_found(digits, part, drawn) -> None:  # type: ignore[no-untyped-def]
    real, three = part(digits, REAL), part(digits, np.tile(np.arange(1000), 3))
    assert compute(drawn(noisy(three.images[:200], 20)), real, three)["copies"] > 0.95


def test_isolation_by_hand() -> None:
    distances = np.float32([[0, 0, 5], [0, 0, 0], [2, 3, 8], [4, 4, 4]])
    assert isolation(distances).tolist() == [0, 0, 0.25, 1]


def test_pixels_by_hand_with_one_training_image_more_than_the_least(judged) -> None:  # type: ignore[no-untyped-def]
    """The distances to the nearest are 10 and 30 of the fakes, 40 of the real one."""

    def flat(*levels: int) -> Judged:
        return judged(images=[np.full((1, 2, 2), level) for level in levels], features=[[level] for level in levels])

    found = compute(flat(10, 170), flat(60), flat(100, 200, 0)._replace())
    assert found["memorised_pixels"] == pytest.approx(20 / 40)
    assert found["memorised_features"] == pytest.approx(20 / 40)


def test_two_thousand_are_looked_at_always_the_same_and_not_the_first(judged, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    seen: list[list[int]] = []
    by_features: list[list[int]] = []

    def record(images, among, k):  # type: ignore[no-untyped-def]
        assert (len(among), k) == (2600, 5)
        values = images.reshape(-1, 4).astype(int)
        seen.append((values[:, 0] * 256 + values[:, 1]).tolist())
        return np.zeros((len(images), k), np.int64), np.ones((len(images), k), np.float32)

    def features(points, among):  # type: ignore[no-untyped-def]
        assert len(among) == 2600
        by_features.append(np.floor(points[:, 0]).astype(int).tolist())
        return np.ones(len(points))

    monkeypatch.setattr(memorised, "nearest", record)
    monkeypatch.setattr(memorised._neighbours, "nearest", features)
    numbers = np.arange(2600)
    images = np.stack([numbers // 256, numbers % 256, 0 * numbers, 0 * numbers], 1).reshape(-1, 1, 2, 2)
    whole = judged(images=images, features=numbers.reshape(-1, 1))
    other = judged(images=images, features=numbers.reshape(-1, 1) + 0.5)
    compute(whole, other, whole)
    compute(whole, other, whole)
    assert seen[:2] == seen[2:]
    assert seen == by_features
    assert seen[0] != seen[1]
    for drawn in seen:
        assert len(set(drawn)) == 2000
        assert max(drawn) > 2500
        assert np.bincount(np.array(drawn) % 10).min() > 150


def test_what_cannot_be_said_is_refused(digits, part, judged) -> None:  # type: ignore[no-untyped-def]
    some, train = part(digits, slice(0, 20)), part(digits, slice(0, 30))
    with pytest.raises(
        RequestError, match="most of the real images are in the training set: memorised needs ones that"
    ):
        compute(part(digits, REAL), some, train)
    with pytest.raises(RequestError, match="memorised needs at least 2 training images, there are 1"):
        compute(some, some, part(digits, slice(1)))
    with pytest.raises(RequestError, match="memorised needs at least 1 real image, there are 0"):
        compute(some, part(digits, slice(0)), train)
    small = some._replace(images=some.images[:, :, :20, :20])
    with pytest.raises(RequestError, match=r"images of different shapes, \(1, 20, 20\) of the generated ones"):
        compute(small, some, train)
