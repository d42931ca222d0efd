"""An image file of any kind as plain pixels: upright, on white, grey or colour, cut to a square."""

from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from elegans.errors import RequestError

ROUNDING = 2  # of 255, by which the channels of a grey WebP differ


def decode(content: bytes, size: int, channels: Literal[1, 3], exact: bool = False) -> NDArray[np.uint8]:
    """The first picture in an image file as uint8 [c, size, size].

    It is turned as its EXIF says, what is transparent becomes white, the shorter side is scaled to `size` (Lanczos,
    which averages over all pixels when it shrinks) and the middle of the longer side is kept.

    Args:
        content: the file.
        size: height and width in pixels.
        channels: 1 for grey, 3 for colour.
        exact: refuse what would have to be scaled, cut, stripped of its colours or laid on white. Grey that is stored
            as colour, three channels that differ by no more than WebP's rounding, is grey.

    Raises:
        RequestError: it is not exactly so.
        Exception: any, for the decoders of a dozen formats have their own; an image larger than Pillow allows too.
    """
    try:
        opened = Image.open(BytesIO(content))
    except UnidentifiedImageError:  # whose own words are of an object in memory
        raise ValueError("it is no image") from None
    with opened as file:
        if exact and file.size != (size, size):
            width, height = file.size
            raise RequestError(f"{height}x{width} pixels, not {size}x{size}")
        file.draft(file.mode, (4 * size, 4 * size))  # JPEG alone: skips detail that the scaling would average away
        image = ImageOps.exif_transpose(file)
        if exact and image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            raise RequestError("partly transparent")
        image = _plain(image)
        if exact and channels == 1 and np.ptp(np.asarray(image.convert("RGB")), axis=2).max() > ROUNDING:
            raise RequestError("in colour, not grey")
        image = image.convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(pixels.reshape(size, size, channels).transpose(2, 0, 1))


def _plain(image: Image.Image) -> Image.Image:
    """The image without transparency and with eight bits a channel."""
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255 instead of scaling
        grey = np.asarray(image).astype(np.int64).clip(0, 65535)
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("pixels are floating-point numbers, of which none is known to be white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image
