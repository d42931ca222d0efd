"""The files of a data set: found where they are or downloaded, and always known by their content."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from elegans import find
from elegans.data import _idx
from elegans.data._about import Arrays
from elegans.data._cache import aside, cache
from elegans.errors import Failure, RequestError

_TIMEOUT = (5, 15)  # seconds to connect, and to wait for the next bytes: a blocked network must not look like work


@dataclass(frozen=True)
class Files:
    """What the files of a set are called, what is in them, and where they can be found.

    They are looked for in the root given, which must hold some of them, in the folder ELEGANS_DATA and in the cache,
    each time first in the subfolder with the set's name. Other sets use the same file names, so only the content
    counts: without such a subfolder, a whole file of another content in ELEGANS_DATA or in the cache is somebody else's
    and is passed over.

    Attributes:
        name: of the set, and of its subfolder.
        sha256: of the unpacked content of each file, by the file's name without `.gz`.
        mirrors: addresses to download from, with `{}` for the file's name.
        hint: what to do without the files, where there are no mirrors.
        home: the one folder to look in, for files that are part of the package.
        idx: whether they are idx files, packed or not; others are known by their bytes as they are.
        also: the same set in other files, which do as well.
    """

    name: str
    sha256: Mapping[str, str]
    mirrors: tuple[str, ...] = ()
    hint: str = ""
    home: Path | None = None
    idx: bool = True
    also: "Files | None" = None

    def pair(self, prefix: str, root: str | None = None) -> Arrays:
        """Images [n, 1, h, w] and labels [n] from the two files whose names begin so. Raises as `get`."""
        images = self.get(f"{prefix}-images-idx3-ubyte", root)[1]
        labels = self.get(f"{prefix}-labels-idx1-ubyte", root)[1]
        return images[:, None], labels.astype(np.int64)

    def get(self, file: str, root: str | None = None) -> tuple[Path, NDArray[np.uint8]]:
        """A file by its name: where it is and what it holds; downloaded into the cache if it is nowhere.

        What an idx file holds is its array, what another holds is its bytes [n].

        Raises:
            RequestError: the root is not a folder, or holds none of the files.
            Failure: the file is broken, or belongs to another set, or cannot be had; the message says what to do.
        """
        return self.find(file, root) or self._download(file, root)

    def find(self, file: str, root: str | None = None) -> tuple[Path, NDArray[np.uint8]] | None:
        """As `get`, but None if the file is not here."""
        for folder, ours in self._places(root):
            if path := _spelled(folder, file):
                digest, array = self._read(path)
                if digest == self.sha256[file]:
                    return path, array
                if ours:
                    raise Failure(
                        f"{path} is not the {file} of {self.name}: it holds {' x '.join(map(str, array.shape))} values "
                        f"with sha256 {digest[:16]}, {_owner(digest)}; expected {self.sha256[file][:16]}; "
                        "put the right file in its place, or name the folder that holds it with --data.root"
                    )
        return None

    def paths(self) -> dict[str, Path]:
        """Where the files that are here lie, by name; for a quick answer only the smallest of a folder is read."""
        found: dict[str, Path] = {}
        for folder, _ in self._places(None):
            held = self._held(folder)
            if held and self._right(*min(held.items(), key=lambda item: item[1].stat().st_size)):
                found = held | found
        return found

    def form(self, root: str | None = None) -> "Files":
        """These or those of `also`, whichever are met first, going by their names alone; these if none is here."""
        for folder, _ in self._places(root):
            for files in (self, self.also):
                if files and files._held(folder):
                    return files
        return self

    def inside(self, root: str) -> bool:
        """Whether any of the files is in that folder or in its subfolder for the set, going by the names alone."""
        top = Path(root).expanduser()
        return bool(self._held(top / self.name) or self._held(top))

    def _held(self, folder: Path) -> dict[str, Path]:
        return {file: path for file in self.sha256 if (path := _spelled(folder, file))}

    def _read(self, path: Path) -> tuple[str, NDArray[np.uint8]]:
        """The sha256 of a file's content, and what it holds. Raises Failure if it is broken."""
        content = _idx.unpack(path) if self.idx else _idx.read(path)
        array = _idx.decode(content, path) if self.idx else np.frombuffer(content, np.uint8)
        return sha256(content).hexdigest(), array

    def _right(self, file: str, path: Path) -> bool:
        try:
            return self._read(path)[0] == self.sha256[file]
        except Failure:
            return False

    def _places(self, root: str | None) -> Iterator[tuple[Path, bool]]:
        """The folders to look in, in order, and whether a file there must be ours."""
        if self.home:
            yield self.home, True
            return
        if root is not None and not Path(root).expanduser().is_dir():
            raise RequestError(f"data.root = {root!r}: there is no such folder")
        tops = [(root, True)]
        if root is None or self.inside(root):  # else it is a folder of something else
            tops += [(os.environ.get("ELEGANS_DATA"), False), (str(cache()), False)]
        for top, ours in tops:
            if top:
                yield Path(top).expanduser() / self.name, True
                yield Path(top).expanduser(), ours

    def _download(self, file: str, root: str | None) -> tuple[Path, NDArray[np.uint8]]:
        if self.home:
            raise Failure(f"{file} is missing from {self.home}: install elegans again")
        places = ", ".join(f"{place}{'' if place.is_dir() else ' (no such folder)'}" for place, _ in self._places(root))
        missing = f"there is no {file} of {self.name} in {places}"
        if root is not None and not self.inside(root):
            raise RequestError(f"{missing}; pictures of your own are --data.name folder --data.root {root}")
        if not self.mirrors:
            raise Failure(f"{missing}; {self.hint}")

        from pooch import HTTPDownloader, get_logger, retrieve  # late: they cost a tenth of a second
        from requests import RequestException

        get_logger().setLevel("ERROR")
        fetch, tried = HTTPDownloader(timeout=_TIMEOUT, chunk_size=2**16), []
        with aside(cache() / self.name) as folder:
            for url in (mirror.format(file) for mirror in self.mirrors):
                print(f"downloading {url}", file=sys.stderr)
                try:
                    new = Path(retrieve(url, None, fname=Path(url).name, path=folder, downloader=fetch))
                except RequestException as error:
                    status = "" if error.response is None else f" {error.response.status_code}"
                    tried.append(f"{url} ({type(error).__name__}{status})")
                    continue
                if self._right(file, new):
                    path = new.replace(cache() / self.name / new.name)
                    return path, self._read(path)[1]
                new.unlink()  # or pooch would take it for what the next mirror has
                tried.append(f"{url} (other content than expected)")
        raise Failure(
            f"{missing}; nor could it be downloaded from {', '.join(tried)}. Name "
            f"the folder that holds it with --data.root, or set ELEGANS_DATA to that folder, or put it into "
            f"{cache() / self.name}; with a network, try again"
        )


def _spelled(folder: Path, file: str) -> Path | None:
    """The file in that folder under one of its usual names: packed or not, and with Kaggle's dot before idx."""
    names = [f"{name}{suffix}" for name in (file, file.replace("-idx", ".idx")) for suffix in ("", ".gz")]
    return next((folder / name for name in names if os.path.isfile(folder / name)), None)


def _owner(digest: str) -> str:
    """Which file of which known set has that content."""
    for name in find.names("data"):
        files = getattr(find.find("data", name), "files", None)
        while files:
            for file, known in files.sha256.items():
                if known == digest:
                    return f"which is the {file} of {name}"
            files = files.also
    return "which is that of no set known here"
