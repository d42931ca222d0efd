"""Distinct images: the rule by hand, which images are looked at, and digits."""

import numpy as np
import pytest

from elegans.errors import RequestError
from elegans.metrics.distinct import compute, distinct


def greys(*levels: int):  # type: ignore[no-untyped-def]
    return np.stack([np.full((3, 4, 4), level, np.uint8) for level in levels])


@pytest.mark.parametrize(
    ("levels", "count"),
    [
        ([100], 1),
        ([100, 100, 100], 1),
        ([100, 115], 1),  # not more than 15
        ([100, 116], 2),
        ([100, 84], 2),
        ([0, 10, 20], 2),  # the second is near to the first; the third is compared with the first only
        ([10, 0, 20], 1),
        ([0, 255, 5, 250, 128], 3),
    ],
)
def test_the_rule_by_hand(levels: list[int], count: int, judged) -> None:  # type: ignore[no-untyped-def]
    images = greys(*levels)
    assert distinct(images.reshape(len(levels), -1).astype(np.float32)) == count
    fake = judged(images=images, labels=[0] * len(levels))
    assert compute(fake, fake) == dict.fromkeys(("distinct", "distinct_worst"), count / len(levels))


def test_the_difference_is_the_root_mean_square_over_pixels_and_channels(judged) -> None:  # type: ignore[no-untyped-def]
    """A quarter of the values differs by 31, which is 15.5; by 30 it is 15."""
    for step, count in ((30, 1), (31, 2)):
        images = greys(0, 0)
        images[1].reshape(-1)[::4] = step
        fake = judged(images=images, labels=[0, 0])
        assert compute(fake, fake)["distinct"] == count / 2


def test_the_first_ten_of_each_class_are_looked_at(judged) -> None:  # type: ignore[no-untyped-def]
    levels = [20 * i for i in range(10)] + [240, 255] + [7] * 12
    fake = judged(images=greys(*levels), labels=[0] * 12 + [1] * 12)
    assert compute(fake, fake) == {"distinct": (10 + 1) / 20, "distinct_worst": 1 / 10}
    back = judged(images=greys(*levels[::-1]), labels=[1] * 12 + [0] * 12)
    assert compute(back, back) == {"distinct": (9 + 1) / 20, "distinct_worst": 1 / 10}  # 255 and 240 are one


def test_without_labels_the_class_is_the_one_seen(judged) -> None:  # type: ignore[no-untyped-def]
    fake = judged(images=greys(0, 0, 0, 0, 0), logits=np.eye(3)[[0, 0, 0, 1, 1]])
    assert compute(fake, fake) == {"distinct": 2 / 5, "distinct_worst": 1 / 3}
    alike = compute(fake._replace(labels=np.zeros(5, np.int64)), fake)
    assert alike == {"distinct": 1 / 5, "distinct_worst": 1 / 5}


def test_real_digits_are_all_distinct_and_three_a_class_over_and_over_are_thirty_of_a_hundred(digits, part) -> None:  # type: ignore[no-untyped-def]
    assert compute(digits, digits)["distinct"] > 0.98
    few = np.concatenate([np.resize(np.flatnonzero(digits.labels == c)[:3], 20) for c in range(10)])
    assert compute(part(digits, few), digits) == {"distinct": 0.3, "distinct_worst": 0.3}


def test_no_image_is_refused(judged) -> None:  # type: ignore[no-untyped-def]
    none = judged(images=np.zeros((0, 1, 4, 4)), labels=[])
    with pytest.raises(RequestError, match="distinct needs at least 1 generated image, there are 0"):
        compute(none, none)
