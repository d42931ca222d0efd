"""Files that are there whole or as they were before, and a file system's complaints as one clear line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elegans.errors import Failure


@contextmanager
def writing(path: Path, what: str = "") -> Iterator[None]:
    """While it is open, an error of the file system becomes one line with the next step.

    Args:
        path: the folder that is written to.
        what: that was to be written.

    Raises:
        Failure: the disk is full, there is no permission, or anything else.
    """
    try:
        yield
    except OSError as error:
        what = f"{path}: cannot write{' ' + what if what else ''}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = f"The disk is full ({error.strerror}); make room and run the same command again"
            raise Failure(f"{what}. {reason}") from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise Failure(f"{what}. There is no permission to write there; choose another folder for --run") from error
        raise Failure(f"{what}. {error}") from error


@contextmanager
def exporting(out: Path) -> Iterator[None]:
    """Make the folder of a file that was asked for by --out; while it is open, errors of the file system are one line.

    Args:
        out: the file; a name without an ending is itself the folder.

    Raises:
        Failure: it cannot be written.
    """
    try:
        (out.parent if out.suffix else out).mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise Failure(f"--out {out} cannot be written: {error.strerror or error}") from error


def write_aside(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or as it was before."""
    aside = path.with_name(f".aside-{path.name}")
    try:
        write(aside, content)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def write(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "posix":  # elsewhere folders cannot be opened, and renames are durable without
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
