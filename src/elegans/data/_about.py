"""What a data set says of itself; what it shows is the first line of its module's docstring."""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elegans.errors import RequestError

Arrays = tuple[NDArray[np.uint8], NDArray[np.int64]]  # images [n, c, h, w] and labels [n], -1 where there are none


@dataclass(frozen=True)
class About:
    """Where a data set comes from and on what terms.

    Attributes:
        source: who made it.
        licence: its terms, and who states them.
        count: how many images, in words.
        here: where it is, for a set without files to look for.
        free: whether anyone may use it for anything, given that the source is named.
    """

    source: str
    licence: str
    count: str
    here: str = ""
    free: bool = True


def terms(name: str, about: About) -> None:
    """Say the licence of a set that is not free for every use; called each time its files are read."""
    if not about.free:
        print(f"{name}: not free for every use; licence: {about.licence}", file=sys.stderr)


def no_root(name: str, root: str | None) -> None:
    """Refuse a root where it would have no effect.

    Raises:
        RequestError: there is one.
    """
    if root is not None:
        raise RequestError(
            f"data.root = {root!r}: {name} reads no files of yours; leave it out (--data.root null), "
            "or name the set it is for with --data.name"
        )
