"""Class agreement: a table by hand, the worst class, and labels that are not there or of another data set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elegans.errors import RequestError
from elegans.metrics.agreement import compute, confusion

ASKED, SEEN = [0, 0, 0, 2, 2, 3], [0, 0, 1, 2, 1, 3]
LOGITS = 3 * np.eye(4)[SEEN] - 1


def test_the_table_has_what_was_asked_for_in_its_rows() -> None:
    table = confusion(np.array(ASKED), LOGITS)
    assert table.dtype == np.int64
    assert table.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]


def test_the_share_and_the_worst_of_the_classes_asked_for(judged) -> None:  # type: ignore[no-untyped-def]
    fake = judged(labels=ASKED, logits=LOGITS)
    assert compute(fake, fake) == pytest.approx({"agreement": 4 / 6, "agreement_worst": 1 / 2})


def test_without_labels_there_is_nothing_to_agree_with(judged) -> None:  # type: ignore[no-untyped-def]
    assert compute(judged(logits=LOGITS), judged(logits=LOGITS)) == {}


def test_digits_are_mostly_what_they_are_and_shuffled_ones_a_tenth(digits) -> None:  # type: ignore[no-untyped-def]
    found = compute(digits, digits)
    assert 0.6 < found["agreement"] < 1
    assert found["agreement_worst"] < found["agreement"]
    shuffled = digits._replace(labels=np.random.default_rng(0).permutation(digits.labels))
    assert compute(shuffled, digits)["agreement"] == pytest.approx(0.1, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30), st.randoms())
def test_every_image_is_counted_once_whatever_the_order(pairs: list[tuple[int, int]], draw) -> None:  # type: ignore[no-untyped-def]
    def table(pairs: list[tuple[int, int]]):  # type: ignore[no-untyped-def]
        asked, seen = np.array(pairs).T
        return confusion(asked, np.eye(5)[seen])

    found = table(pairs)
    assert found.sum() == len(pairs)
    assert all(found[pair] == pairs.count(pair) for pair in pairs)
    assert np.array_equal(found, table(draw.sample(pairs, len(pairs))))


@pytest.mark.parametrize("label", [-1, 4])
def test_labels_of_another_data_set_are_refused(judged, label: int) -> None:  # type: ignore[no-untyped-def]
    fake = judged(labels=[0, label], logits=np.eye(4)[:2])
    with pytest.raises(RequestError, match=r"labels from -?\d to \d, but the extractor's classes are 0 to 3"):
        compute(fake, fake)
