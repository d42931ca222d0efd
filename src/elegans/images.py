"""Images: from floats to bytes, sheets, files. Imports no torch."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from elegans.disk import exporting
from elegans.errors import RequestError

Bytes = NDArray[np.uint8]


def sheet(images: Bytes, columns: int, gap: int = 2) -> Bytes:
    """Images side by side in rows of `columns`, with a gap between them.

    Args:
        images: uint8 [n, h, w, c].
        columns: images a row.
        gap: pixels between and around them, black.

    Returns:
        uint8 [H, W, c].
    """
    n, h, w, c = images.shape
    rows = -(-n // columns)
    canvas = np.zeros((rows * (h + gap) + gap, columns * (w + gap) + gap, c), np.uint8)
    for i, image in enumerate(images):
        top, left = gap + (i // columns) * (h + gap), gap + (i % columns) * (w + gap)
        canvas[top : top + h, left : left + w] = image
    return canvas


def cut(sheet: Bytes, n: int | None, height: int, width: int, gap: int = 2) -> Bytes:
    """The first n images of a sheet, row by row.

    Args:
        sheet: uint8 [H, W] or [H, W, c], not enlarged.
        n: how many; None: all.
        height: of an image.
        width: of an image.
        gap: between the images of the sheet.

    Returns:
        uint8 [n, h, w, c].
    """
    columns = (sheet.shape[1] - gap) // (width + gap)
    sheet = sheet.reshape(*sheet.shape[:2], -1)
    n = columns * ((sheet.shape[0] - gap) // (height + gap)) if n is None else n
    places = [(gap + i // columns * (height + gap), gap + i % columns * (width + gap)) for i in range(n)]
    return np.stack([sheet[top : top + height, left : left + width] for top, left in places])


def read_sheet(frame: Path, height: int, width: int, n: int | None = None) -> Bytes:
    """The first n images of a sheet on disk, or all of them, as they were before it was enlarged."""
    with Image.open(frame) as picture:
        return cut(np.asarray(picture.reduce(enlarged(height))), n, height, width)


def columns(n: int, classes: int = 0) -> int:
    """How many images a row of a sheet of n: about a square, in whole turns of the classes where these fit."""
    square: int = max(1, round(n**0.5))
    return classes * max(1, round(square / classes)) if 1 < classes <= n else square


def picture(image: Bytes, scale: int = 1) -> Image.Image:
    """A uint8 [h, w, c] array as a Pillow image (c is 1 or 3), enlarged without smoothing."""
    made = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return made.resize((made.width * scale, made.height * scale), Image.Resampling.NEAREST) if scale > 1 else made


def enlarged(size: int) -> int:
    """The factor by which images of `size` pixels are comfortable to look at on a sheet."""
    return max(1, 56 // size)


def png(image: Bytes, scale: int = 1) -> bytes:
    """The PNG file of a uint8 [h, w, c] array."""
    buffer = io.BytesIO()
    picture(image, scale).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def coarse(image: Image.Image) -> Image.Image:
    """The picture with 16 levels a channel, which the eye hardly sees and a gif stores in half the bytes."""
    return image.point([round(value / 17) * 17 for value in range(256)] * len(image.getbands()))


def write_gif(file: Path | io.BytesIO, frames: Sequence[Image.Image], milliseconds: int, hold: int = 0) -> None:
    """Write an endless gif; the last frame stays `hold` milliseconds longer."""
    durations = [milliseconds] * (len(frames) - 1) + [milliseconds + hold]
    shared = frames[-1].convert("RGB").quantize(128) if frames[-1].mode != "L" else None  # colours would flicker else
    same = [
        frame.convert("RGB").quantize(palette=shared, dither=Image.Dither.NONE) if shared else frame for frame in frames
    ]
    same[0].save(file, "gif", save_all=True, append_images=same[1:], duration=durations, loop=0)


def mp4(frames: Sequence[Image.Image], milliseconds: int) -> bytes:
    """The frames as an H.264 film in an MP4 file, which every browser plays.

    Args:
        frames: of one size; a side of an odd number of pixels gets its last row or column twice, for the colours of
            such a film (yuv420p) are those of squares of two by two.
        milliseconds: a frame.

    Raises:
        RequestError: PyAV is not installed.
    """
    try:
        import av
    except ImportError:
        raise RequestError("an .mp4 needs PyAV, which is not here: pip install 'elegans[video]'") from None
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        width, height = (side + side % 2 for side in frames[0].size)
        options = {"crf": "18", "preset": "slow"}  # hardly to be told from the original
        stream = film.add_stream("libx264", Fraction(1000, milliseconds), options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            pixels = np.asarray(frame.convert("RGB"))
            pixels = np.pad(pixels, ((0, height - frame.height), (0, width - frame.width), (0, 0)), "edge")
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        film.mux(stream.encode())
    return buffer.getvalue()


def write(out: Path, images: Bytes, labels: NDArray[np.int64], classes: int = 0, milliseconds: int = 150) -> None:
    """Write images where `out` says: a sheet (.png), a film (.gif, .mp4), arrays (.npz), or a folder of single PNGs.

    Args:
        out: the file or folder.
        images: uint8 [n, h, w, c].
        labels: int64 [n], -1 where there are none.
        classes: of labels that come in turn, for the columns of a sheet.
        milliseconds: a frame of a film.

    Raises:
        RequestError: another kind of file, an .mp4 without PyAV, or a folder that holds something else.
        Failure: it cannot be written.
    """
    if out.suffix not in (".png", ".gif", ".mp4", ".npz", ""):
        raise RequestError(f"--out {out}: the name ends in .png, .gif, .mp4, .npz, or has no ending (a folder of PNGs)")
    scale = enlarged(images.shape[1])
    with exporting(out):
        if out.suffix == ".png":
            out.write_bytes(png(sheet(images, columns(len(images), classes)), scale))
        elif out.suffix == ".gif":
            write_gif(out, [picture(image, 4 * scale) for image in images], milliseconds)
        elif out.suffix == ".mp4":
            out.write_bytes(mp4([picture(image, 4 * scale) for image in images], milliseconds))
        elif out.suffix == ".npz":
            np.savez_compressed(out, images=images, labels=labels)
        else:
            names = [f"{i:06d}.png" if label < 0 else f"{i:06d}-{label}.png" for i, label in enumerate(labels)]
            if other := sorted({path.name for path in out.iterdir()}.difference(names)):  # it would be among them
                raise RequestError(f"--out {out}: the folder holds something else, {other[0]}; choose another one")
            for name, image in zip(names, images, strict=True):
                (out / name).write_bytes(png(image))
