"""The idx format of MNIST: four bytes of magic, the length of each axis, and the values; often inside gzip."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from elegans.errors import Failure

_BYTES = b"\0\0\x08"  # two zeros and the code of the type, here uint8; the fourth byte is the number of axes
_NEXT = "delete it or put a whole copy in its place, and try again"


def read(path: Path) -> bytes:
    """What a file holds, as it is.

    Raises:
        Failure: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror or error}") from error


def unpack(path: Path) -> bytes:
    """What a file holds, unpacked if it is gzip, whatever its name says (some browsers unpack and keep the name).

    Raises:
        Failure: it cannot be read or is not whole.
    """
    content = read(path)
    try:
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Failure(f"{path} is a broken gzip file ({len(content):,} bytes; {error}): {_NEXT}") from error


def decode(content: bytes, path: Path) -> NDArray[np.uint8]:
    """The array in an unpacked idx file of bytes; read-only, because it is the content itself.

    Args:
        content: the whole file.
        path: where it comes from, for the message.

    Raises:
        Failure: another magic number, or more or fewer values than the header announces.
    """
    rank = content[3] if len(content) > 3 else 0
    if content[:3] != _BYTES or not 1 <= rank <= 4:
        found = content[:4].hex(" ") or "nothing"
        raise Failure(f"{path} is not an idx file of bytes: it begins with {found}, expected 00 00 08 0n; {_NEXT}")
    start = 4 + 4 * rank
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if len(content) != start + math.prod(shape):
        axes = " x ".join(map(str, shape))
        raise Failure(
            f"{path} is {'cut short' if len(content) < start + math.prod(shape) else 'too long'}: "
            f"{len(content):,} bytes, expected {start + math.prod(shape):,} for {axes} values; {_NEXT}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def encode(array: NDArray[np.uint8]) -> bytes:
    """An array of one to four axes as the content of an idx file."""
    axes = b"".join(n.to_bytes(4, "big") for n in array.shape)
    return _BYTES + bytes([array.ndim]) + axes + array.tobytes()
