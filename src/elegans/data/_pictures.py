"""Image files of a folder or a zip, read once and kept in the cache until one changes."""

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from elegans.data._about import Arrays
from elegans.data._cache import cache, once
from elegans.errors import Failure, RequestError

_KINDS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".tga")
_LARGEST = 1 << 28  # bytes of one image file; more, unpacked from a small zip, is no honest picture
_VERSION = 1  # of the pixels this file and _pixels.py make; a change that alters them adds one

Read = Callable[[str], bytes]
Size = Annotated[int, Field(gt=0, le=1024)]
Channels = Annotated[Literal[1, 3], BeforeValidator(lambda v: int(v) if v in ("1", "3") else v)]


def load(root: str, size: Size, channels: Channels, skip_broken: bool, exact: bool = False) -> Arrays:
    """The images as uint8 [n, channels, size, size], memory-mapped, and their classes as int64 [n], -1 for none.

    Args:
        root: the folder or zip.
        size: height and width in pixels.
        channels: 1 for grey, 3 for colour.
        skip_broken: leave out images that cannot be read, instead of refusing.
        exact: refuse images of another size, and coloured ones where grey is wanted, instead of bringing them to it.

    Raises:
        RequestError: no such file, or no images in it, or, of `exact`, others than wanted.
        Failure: broken images or a broken zip; or the cache cannot be written.
    """
    place = Path(root).expanduser().resolve()
    with _opened(place) as (stamps, read):
        names = sorted(stamps)
        if not names:
            raise RequestError(f"{root}: no images in it, none of {' '.join(_KINDS)}")
        stamped = [(name, *stamps[name]) for name in names]
        facts = [_VERSION, str(place), size, channels, skip_broken, stamped, *(["exact"] if exact else [])]
        done = cache() / "folder" / sha256(json.dumps(facts).encode()).hexdigest()[:24]

        def make(new: Path) -> None:
            print(f"reading {len(names):,} images of {place} once into {done}", file=sys.stderr)
            broken = _write(new, place, names, read, size, channels, exact)
            _judge(broken, len(names), place, skip_broken, exact)

        return once(done, make)


@contextmanager
def _opened(place: Path) -> Iterator[tuple[dict[str, tuple[int, int]], Read]]:
    """The images in a folder or zip: what tells one state of each from another, by its name, and how to read it."""
    if place.is_dir():
        stats = ((name, (place / name).stat()) for name in _walk(place))
        yield {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats}, lambda name: _read(place / name)
        return
    if not place.is_file():
        raise RequestError(f"{place}: there is no such folder or zip")
    try:
        archive = ZipFile(place)
    except (BadZipFile, OSError) as error:
        raise Failure(f"{place} is neither a folder nor a whole zip file: {error}") from error
    with archive:
        infos = {info.filename: info for info in archive.infolist() if _wanted(info.filename)}
        yield {name: (i.file_size, i.CRC) for name, i in infos.items()}, lambda name: _unzip(archive, name)


def _walk(place: Path) -> Iterator[str]:
    """Names of the images below a folder, with forward slashes; links are followed, but not round in circles."""
    seen: set[str] = set()
    for folder, folders, files in os.walk(place, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not _hidden(name))
        inside = Path(folder).relative_to(place)
        yield from ((inside / name).as_posix() for name in files if _wanted(name) and (Path(folder) / name).is_file())


def _hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _wanted(name: str) -> bool:
    return name.lower().endswith(_KINDS) and not any(map(_hidden, name.split("/")))


def _read(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"larger than {_LARGEST:,} bytes")
    return path.read_bytes()


def _unzip(archive: ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:  # zipfile stops there, whatever the packed bytes would unpack to
        raise ValueError(f"larger than {_LARGEST:,} bytes")
    return archive.read(name)


def _labels(names: list[str]) -> NDArray[np.int64]:
    """The class of each name: the place of its first folder among all first folders, or -1 without a folder."""
    parts = [name.split("/") for name in names]
    while all(len(p) > 1 for p in parts) and len({p[0] for p in parts}) == 1:
        parts = [p[1:] for p in parts]
    first = [p[0] if len(p) > 1 else None for p in parts]
    number: dict[str | None, int] = {name: i for i, name in enumerate(sorted({f for f in first if f is not None}))}
    return np.array([number.get(name, -1) for name in first], np.int64)


def _write(
    new: Path, place: Path, names: list[str], read: Read, size: int, channels: Literal[1, 3], exact: bool
) -> dict[str, str]:
    """Write images.npy and labels.npy of the images that can be read; the reasons of the others, by name.

    Images are written one after the other, not mapped: memory stays flat, and a full disk is an error, not a signal.
    """
    from elegans.data import _pixels  # late: Pillow costs a tenth of a second

    labels, kept, broken = _labels(names), [], {}
    with (new / "images.npy").open("wb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's about odd metadata; what it cannot read, it raises
        _header(file, len(names), size, channels)
        for i, name in enumerate(names):
            try:
                pixels = _pixels.decode(read(name), size, channels, exact)
            except RequestError as other:
                raise RequestError(f"{name} in {place} is {other}: only what needs no change is measured") from None
            except Exception as error:  # hostile files make decoders raise anything
                broken[name] = " ".join(str(error).split())[:80] or type(error).__name__
            else:
                file.write(pixels.tobytes())
                kept.append(i)
        file.seek(0)
        _header(file, len(kept), size, channels)
    np.save(new / "labels.npy", labels[kept])
    return broken


def _header(file: Any, n: int, size: int, channels: int) -> None:
    """The head of an .npy file; numpy pads it so that another `n` needs the same room."""
    head = {"descr": "|u1", "fortran_order": False, "shape": (n, channels, size, size)}
    np.lib.format.write_array_header_1_0(file, head)


def _judge(broken: dict[str, str], total: int, place: Path, skip: bool, exact: bool) -> None:
    """Refuse broken images, or say that they are left out, which is no choice where exactly these are to be read."""
    if not broken:
        return
    some = ", ".join(f"{name} ({reason})" for name, reason in list(broken.items())[:3])
    what = f"{len(broken):,} of {total:,} images in {place} cannot be read: {some}{', ...' if len(broken) > 3 else ''}"
    if not skip or len(broken) == total:
        leave = "" if skip or exact else ", or leave them out with --data.skip_broken true"
        raise Failure(f"{what}; mend or remove them{leave}")
    print(f"skipped: {what}", file=sys.stderr)
