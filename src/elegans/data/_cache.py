"""The cache folder, and writing in it so that nothing half done is ever seen there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from platformdirs import user_cache_dir

from elegans.data._about import Arrays
from elegans.errors import Failure


def cache() -> Path:
    """The folder for what can be had again: ELEGANS_CACHE, or the system's place for caches."""
    return Path(os.environ.get("ELEGANS_CACHE") or user_cache_dir("elegans", appauthor=False)).expanduser()


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """An empty folder inside `folder` to write in, gone at the end; what is complete is renamed out of it.

    Raises:
        Failure: the disk is full, or may not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=folder) as name:
            yield Path(name)
    except OSError as error:
        raise Failure(
            f"cannot write in the cache folder {folder}: {error.strerror or error}; "
            "make room there, or set ELEGANS_CACHE to another folder"
        ) from error


def once(folder: Path, make: Callable[[Path], None]) -> Arrays:
    """What images.npy, memory-mapped, and labels.npy in `folder` hold; `make` writes the two there if it has to.

    Args:
        folder: somewhere in the cache.
        make: gets an empty folder, which is renamed to `folder` when it is done.

    Raises:
        Failure: the cache cannot be written, or is damaged; and what `make` raises.
    """
    from filelock import FileLock  # late: only the first reading of a set needs it

    if not folder.exists():
        # the lock: of several processes that start together, one makes them and the others wait for it
        with aside(folder.parent) as scratch, FileLock(f"{folder}.lock"):
            if not folder.exists():
                (scratch / "done").mkdir()
                make(scratch / "done")
                (scratch / "done").rename(folder)
    try:
        return np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "labels.npy")
    except (OSError, ValueError) as error:
        raise Failure(
            f"the cached images in {folder} are broken ({error}): delete that folder and try again"
        ) from error
