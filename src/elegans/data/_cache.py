"""The cache folder, and writing in it so that nothing half done is ever seen there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_dir

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
