"""Rings: drawn circular glyphs in the spirit of Arrival's logograms; the class is the number of tendrils."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from elegans.data._about import About, Arrays, no_root

about = About(
    source="drawn by elegans",
    licence="CC0: nobody's, use it as you like",
    count="as many as asked for",
    here="drawn when asked for, needs no files",
)

_MOST = 10  # tendrils
_CHUNK = 1 << 18  # pixels drawn at once: a bound on memory

F32 = NDArray[np.float32]


def build(
    root: str | None = None,
    n: Annotated[int, Field(gt=0)] = 2000,
    size: Annotated[int, Field(ge=16, le=1024)] = 28,
    classes: Annotated[int, Field(ge=1, le=_MOST)] = 10,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Arrays:
    """Glyphs as uint8 [n, 1, size, size], bright ink on black, and their classes as int64 [n].

    A glyph is a ring of ink with a gap and a thickness that swells and fades; class k has k + 1 tendrils around it.
    Image i is the same whatever n is.

    Args:
        root: must be None.
        n: how many.
        size: height and width in pixels.
        classes: how many classes, in equal shares on average.
        seed: of the drawing.

    Raises:
        RequestError: a root is given.
    """
    no_root("rings", root)
    traits = np.random.default_rng(seed).random((n, 12 + 3 * _MOST), np.float32)  # a row an image: n changes none
    labels = (traits[:, 0] * classes).astype(np.int64)
    images = np.empty((n, 1, size, size), np.uint8)
    step = max(_CHUNK // size**2, 1)
    for first in range(0, n, step):
        part = slice(first, first + step)
        images[part, 0] = np.rint(_draw(traits[part], labels[part], size) * 255)
    return images, labels


def _draw(traits: F32, labels: NDArray[np.int64], size: int) -> F32:
    """Ink [n, size, size] in [0, 1] from traits in [0, 1); lengths are in units of half the picture."""
    fixed = iter(traits[:, 1:12].T[:, :, None, None])
    one = np.float32(1)

    def between(low: float, high: float) -> F32:
        """The next trait, [n, 1, 1], on that range."""
        return np.float32(low) + np.float32(high - low) * next(fixed)

    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x = axis[None, None, :] - between(-0.06, 0.06)
    y = axis[None, :, None] - between(-0.06, 0.06)
    r = np.sqrt(x * x + y * y)
    angle = np.arctan2(y, x)

    turn, radius, swell, width = between(-np.pi, np.pi), between(0.46, 0.54), between(-np.pi, np.pi), between(0.045, 0.07)
    wobble, wave, curl = between(0.0, 0.035), between(-np.pi, np.pi), between(-4.0, 4.0)
    count = (labels + 1).astype(np.float32)[:, None, None]
    spacing = np.float32(2 * np.pi) / count

    # the ring: half its width swells on one side, and closes to nothing halfway between the first and last tendril
    half = width * (one + np.float32(0.55) * np.cos(angle - swell))
    gap = np.abs(_wrap(angle - turn + spacing / 2)) * radius
    half = half * np.sqrt(np.clip(gap / np.float32(0.08) - one, 0, 1))
    middle = radius * (one + wobble * np.cos(2 * angle - wave))
    ink = _coverage(half, np.abs(r - middle), size)

    # tendrils: rooted in the ring, bent by a common curl, thin at the tip; unbent, each pixel belongs to the nearest
    straight = (angle - turn - curl * np.square(np.maximum(r - middle, 0))) / spacing
    nearest = np.rint(straight)
    slot = np.mod(nearest, count).astype(np.intp).reshape(len(traits), -1)
    jitter, length, thick = (np.take_along_axis(t, slot, 1).reshape(r.shape) for t in np.split(traits[:, 12:], 3, 1))
    off = np.abs(straight - nearest - (jitter - np.float32(0.5)) * np.float32(0.25)) * spacing * r
    along = (r - middle) / (np.float32(0.26) + np.float32(0.14) * length)
    rest = np.clip(one - along, 0, 1)
    taper = np.float32(0.065) * np.sqrt(rest) + (np.float32(0.02) + np.float32(0.06) * thick) * rest**4
    return np.maximum(ink, np.where(along > 0, _coverage(taper, off, size), 0))


def _wrap(angle: F32) -> F32:
    """The same angle in [-pi, pi]."""
    turn = np.float32(2 * np.pi)
    return angle - turn * np.rint(angle / turn)


def _coverage(half: F32, distance: F32, size: int) -> F32:
    """How much of a pixel lies within `half` of a line: one in the ink, zero outside, a ramp one pixel wide between."""
    inked = np.clip((half - distance) * np.float32(size / 2) + np.float32(0.5), 0, 1)
    return inked * np.clip(half * np.float32(size), 0, 1)  # a line thinner than a pixel is faint
