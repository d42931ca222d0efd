"""The idx format: what is written is read, and what is broken is said."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from elegans.data import _idx
from elegans.errors import Failure

WHOLE = _idx.encode(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, packed: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "some-idx"
    path.write_bytes(gzip.compress(_idx.encode(array)) if packed else _idx.encode(array))
    read = _idx.decode(_idx.unpack(path), path)
    assert read.dtype == np.uint8
    assert read.shape == array.shape
    assert (read == array).all()


def test_the_header_is_that_of_the_published_format() -> None:
    # as the files of MNIST begin: magic 2051 and 2049, big-endian counts
    assert _idx.encode(np.zeros((60, 28, 27), np.uint8))[:16].hex() == "000008030000003c0000001c0000001b"
    assert _idx.encode(np.zeros(300, np.uint8))[:8].hex() == "000008010000012c"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins with nothing"),
        (b"<html>not found</html>", "begins with 3c 68 74 6d"),
        (b"\0\0\x0d" + WHOLE[3:], "begins with 00 00 0d 03"),  # floats
        (b"\0\0\x08\0" + WHOLE[4:], "begins with 00 00 08 00"),  # no axes
        (WHOLE[:-1], "cut short: 39 bytes, expected 40 for 2 x 3 x 4 values"),
        (WHOLE[:9], "cut short: 9 bytes"),
        (WHOLE + b"\0", "too long: 41 bytes, expected 40"),
        (WHOLE[:4] + b"\xff" * 12 + WHOLE[16:], "cut short"),  # a count no memory holds
    ],
)
def test_a_broken_file_is_named_with_what_was_found(content: bytes, said: str) -> None:
    with pytest.raises(Failure, match=said) as error:
        _idx.decode(content, Path("some/train-images"))
    assert "some/train-images" in str(error.value)
    assert "try again" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["cut", "flip", "head"])
def test_a_broken_gzip_is_named(tmp_path: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(np.random.default_rng(0).bytes(5000)))
    if damage == "cut":
        del packed[3000:]
    else:
        packed[2000 if damage == "flip" else 2] ^= 0xFF
    (tmp_path / "images.gz").write_bytes(packed)
    with pytest.raises(Failure, match=r"images\.gz is a broken gzip file .*try again"):
        _idx.unpack(tmp_path / "images.gz")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(Failure, match=r"images cannot be read: .*directory"):
        _idx.unpack(tmp_path / "images")
