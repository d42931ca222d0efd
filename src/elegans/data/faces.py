"""Faces: 12,000 aligned photographs of adults from UTKFace, colour, 64x64, no classes; or faces of your own."""

import numpy as np

from elegans.data import _pictures
from elegans.data._about import About, Arrays, terms
from elegans.data._files import Files
from elegans.data._pictures import Channels, Size

about = About(
    source="Z. Zhang, Y. Song, H. Qi: UTKFace; 12,000 chosen and scaled, without labels",
    licence="non-commercial research only, as the authors state; the photographs belong to their owners",
    count="12,000",
    free=False,
)
_ZIP = "faces-utkface-64.zip"
files = Files(
    "faces",
    sha256={_ZIP: "2cc7581232bcf3709aa3f2f004c6347e5d90ebb1a83de6ea80c4c9b83cf05acf"},
    hint="it is not offered for download; ask the authors of UTKFace (https://susanqq.github.io/UTKFace) for theirs, "
    "or take other faces: any folder or zip of pictures does, with --data.root PATH",
    idx=False,
)


def build(root: str | None = None, size: Size = 64, channels: Channels = 3, skip_broken: bool = False) -> Arrays:
    """The faces as uint8 [n, channels, size, size], memory-mapped, and -1 for each as int64 [n].

    Other sizes than 64 are scaled. The pictures are read once and kept in the cache.

    Args:
        root: a folder that holds faces-utkface-64.zip, or has a subfolder `faces` that does; or else a folder or zip
            of other faces, which are read as `folder` reads them.
        size: height and width in pixels.
        channels: 1 for grey, 3 for colour.
        skip_broken: leave out images that cannot be read, instead of refusing.

    Raises:
        RequestError: no such folder or zip, or no images in it.
        Failure: the zip is broken or not here; broken images; or the cache cannot be written.
    """
    if root is None or files.inside(root):
        terms("faces", about)
        root = str(files.get(_ZIP, root)[0])
    images, _ = _pictures.load(root, size, channels, skip_broken)
    return images, np.full(len(images), -1)
