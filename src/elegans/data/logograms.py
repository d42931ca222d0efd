"""Logograms of the film Arrival: rings of ink, grey, up to 256x256, no classes."""

from io import BytesIO
from typing import Annotated
from zipfile import ZipFile

import numpy as np
from pydantic import Field

from elegans.data._about import About, Arrays, terms
from elegans.data._files import Files

about = About(
    source="Wolfram Research, from the film's live coding; scaled from 3300x3300",
    licence="CC BY-NC 4.0",
    count="38",
    free=False,
)
_ZIP = "logograms.zip"
files = Files(
    "logograms",
    sha256={_ZIP: "19e0bd8b87f575dfb142e0ab7bc3cc8f9067eaa8ccca5ac60f4bdf3243b2c27f"},
    hint="it is not offered for download; the set `rings` draws glyphs like these, is free and needs no files: "
    "--data.name rings --data.size 128",
    idx=False,
)


def build(root: str | None = None, size: Annotated[int, Field(ge=16, le=256)] = 128) -> Arrays:
    """The glyphs as uint8 [38, 1, size, size], sorted by name, and -1 for each as int64 [38].

    The ink is bright on black, as in the other sets; at the source it is black on white.

    Args:
        root: a folder that holds logograms.zip, or has a subfolder `logograms` that does.
        size: height and width in pixels; 64, 128 and 256 are as they lie in the zip, others are scaled from 256.

    Raises:
        RequestError: the root is not a folder.
        Failure: the zip is not here, is broken or holds something else.
    """
    from elegans.data import _pixels  # late: Pillow costs a tenth of a second

    terms("logograms", about)
    folder = size if size in (64, 128) else 256
    with ZipFile(BytesIO(files.get(_ZIP, root)[1].data)) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(f"{folder}/"))
        images = np.stack([255 - _pixels.decode(archive.read(name), size, 1) for name in names])
    return images, np.full(len(images), -1)
