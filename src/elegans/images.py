"""Images: from floats to bytes, sheets, files. Imports no torch."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from elegans.errors import Failure, RequestError

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


def columns(n: int, classes: int = 0) -> int:
    """How many images a row of a sheet of n: one column a class if there are classes, else about a square."""
    return classes if 1 < classes <= n else max(1, round(n**0.5))


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


def write(out: Path, images: Bytes, labels: NDArray[np.int64], classes: int = 0, milliseconds: int = 150) -> None:
    """Write images where `out` says: a sheet (.png), a film (.gif), arrays (.npz), or a folder of single PNGs.

    Args:
        out: the file or folder.
        images: uint8 [n, h, w, c].
        labels: int64 [n], -1 where there are none.
        classes: columns of a sheet, if labels come in turn.
        milliseconds: a frame of a film.

    Raises:
        RequestError: another kind of file.
        Failure: it cannot be written.
    """
    if out.suffix not in (".png", ".gif", ".npz", ""):
        raise RequestError(f"--out {out}: the name ends in .png, .gif, .npz, or has no ending for a folder of PNGs")
    scale = enlarged(images.shape[1])
    try:
        (out if not out.suffix else out.parent).mkdir(parents=True, exist_ok=True)
        if out.suffix == ".png":
            out.write_bytes(png(sheet(images, columns(len(images), classes)), scale))
        elif out.suffix == ".gif":
            write_gif(out, [picture(image, 4 * scale) for image in images], milliseconds)
        elif out.suffix == ".npz":
            np.savez_compressed(out, images=images, labels=labels)
        else:
            for i, (image, label) in enumerate(zip(images, labels, strict=True)):
                name = f"{i:06d}.png" if label < 0 else f"{i:06d}-{label}.png"
                (out / name).write_bytes(png(image))
    except OSError as error:
        raise Failure(f"--out {out} cannot be written: {error.strerror or error}") from error
