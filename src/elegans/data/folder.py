"""Your own images: a folder or zip, with or without a subfolder for each class."""

from elegans.data import _pictures
from elegans.data._about import About, Arrays
from elegans.data._pictures import Channels, Size
from elegans.errors import RequestError

about = About(
    source="you",
    licence="that of your images",
    count="as many as there are",
    here="wherever --data.root says",
)


def build(root: str | None = None, size: Size = 32, channels: Channels = 3, skip_broken: bool = False) -> Arrays:
    """The images as uint8 [n, channels, size, size], memory-mapped, and their classes as int64 [n].

    Every image is scaled so that its shorter side is `size`, and the middle is kept. The classes are the subfolders,
    sorted by name; images that lie in none have -1. One folder around everything else is no class. Hidden files and
    other kinds of files are passed over. All is read once and kept in the cache, until a file changes.

    Args:
        root: the folder or zip.
        size: height and width in pixels.
        channels: 1 for grey, 3 for colour.
        skip_broken: leave out images that cannot be read, instead of refusing.

    Raises:
        RequestError: no root, no such file, or no images in it.
        Failure: broken images or a broken zip; or the cache cannot be written.
    """
    if root is None:
        raise RequestError("the data set 'folder' needs the folder or zip with your images: --data.root PATH")
    return _pictures.load(root, size, channels, skip_broken)
