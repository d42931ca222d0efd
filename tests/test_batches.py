"""Batch number i is a function of i: every image once an epoch, in an order of its own."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from elegans.batches import Batches
from elegans.tensors import to_bytes


def numbered(n: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """n images that can be told apart by their two pixels, and their numbers as labels."""
    number = np.arange(n)
    images = np.stack([number % 256, number // 256], 1).astype(np.uint8).reshape(n, 1, 1, 2)
    return images, number.astype(np.int64)


def batches(n: int, batch: int, seed: int = 0, order: str = "shuffled") -> Batches:
    return Batches(*numbered(n), batch, seed, order)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 40), batch=st.integers(1, 60), seed=st.integers(0, 2**63 - 1), epochs=st.integers(1, 4))
def test_every_image_once_an_epoch(n: int, batch: int, seed: int, epochs: int) -> None:
    """The batches laid end to end, cut into epochs; a batch may be longer than an epoch."""
    stream = batches(n, batch, seed)
    count = -(-n * epochs // batch)
    seen = np.concatenate([stream.indices(number) for number in range(count)])
    assert len(seen) == count * batch
    for epoch in range(epochs):
        assert sorted(seen[epoch * n : (epoch + 1) * n]) == list(range(n))


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 300),
    batch=st.integers(1, 64),
    number=st.integers(0, 10_000),
    others=st.lists(st.integers(0, 10_000), max_size=4),
    order=st.sampled_from(["shuffled", "random"]),
)
def test_a_batch_depends_on_its_number_only(n: int, batch: int, number: int, others: list[int], order: str) -> None:
    """Whatever was asked for before, in whatever order: the images and the labels are the same."""
    used, fresh = batches(n, batch, order=order), batches(n, batch, order=order)
    for other in others:
        used[other]
    (images, labels), (expected, numbers) = used[number], fresh[number]
    assert torch.equal(images, expected)
    assert torch.equal(labels, numbers)
    assert torch.equal(labels, torch.from_numpy(used.indices(number)))


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 700), batch=st.integers(1, 64), number=st.integers(0, 1000), seed=st.integers(0, 99))
def test_images_and_labels_belong_together_and_values_are_right(n: int, batch: int, number: int, seed: int) -> None:
    """Pixel v is v / 127.5 - 1."""
    images, labels = batches(n, batch, seed)[number]
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert images.shape == (batch, 1, 1, 2)
    assert labels.shape == (batch,)
    expected = torch.from_numpy(numbered(n)[0])[labels].double() / 127.5 - 1
    torch.testing.assert_close(images.double(), expected, rtol=0, atol=2e-7)


def test_all_values_lie_between_minus_one_and_one_and_come_back() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1)
    images, labels = Batches(values, np.arange(256), 256, 0)[0]
    assert (float(images.min()), float(images.max())) == (-1.0, 1.0)
    assert np.array_equal(to_bytes(images).ravel(), labels.numpy())


def test_a_batch_runs_on_over_the_end_of_an_epoch() -> None:
    """10 images in batches of 4: the third batch has two of this epoch and two of the next."""
    stream = batches(10, 4)
    third, fourth = stream.indices(2), stream.indices(3)
    first_epoch = np.concatenate([stream.indices(0), stream.indices(1), third[:2]])
    second_epoch = np.concatenate([third[2:], fourth, stream.indices(4)])
    assert sorted(first_epoch) == sorted(second_epoch) == list(range(10))
    assert list(first_epoch) != list(second_epoch)


def test_each_epoch_and_each_seed_has_an_order_of_its_own() -> None:
    orders = [tuple(batches(50, 50, seed).indices(epoch)) for seed in range(4) for epoch in range(4)]
    assert len(set(orders)) == 16
    assert tuple(range(50)) not in orders


def test_every_place_of_an_epoch_is_as_likely_for_every_image() -> None:
    """A chi-square of image against place: 81 degrees of freedom, 1 in a million above 160."""
    stream = batches(10, 10)
    counts = np.zeros((10, 10))
    for epoch in range(2000):
        counts[stream.indices(epoch), np.arange(10)] += 1
    assert ((counts - 200) ** 2 / 200).sum() < 160


def test_random_order_draws_independently() -> None:
    """With replacement: repeats inside a batch, each image as likely, and the next batch is another one."""
    stream = batches(10, 200, order="random")
    drawn = [stream.indices(number) for number in range(20)]
    assert all(len(np.unique(indices)) < len(indices) for indices in drawn)
    assert len({tuple(indices) for indices in drawn}) == 20
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    assert ((counts - 400) ** 2 / 400).sum() < 45  # chi-square, 9 degrees of freedom: 1 in a million above
    assert tuple(batches(10, 200, seed=1, order="random").indices(0)) != tuple(drawn[0])


@pytest.mark.parametrize("order", ["shuffled", "random"])
def test_a_drawn_batch_is_one_s_own(order: str) -> None:
    """What is done to it does not reach the data set."""
    images, labels = numbered(10)
    stream = Batches(images, labels, 5, 0, order)
    stream[0][0].fill_(7)
    stream[0][1].fill_(7)
    assert np.array_equal(images, numbered(10)[0])
    assert np.array_equal(labels, numbered(10)[1])
