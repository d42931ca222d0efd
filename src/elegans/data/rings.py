"""Rings of ink in the spirit of Arrival's logograms, drawn; the class is the number of tendrils."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from elegans.data._about import About, Arrays, no_root

about = About(
    source="drawn by elegans",
    licence="CC0",
    count="as many as asked for",
    here="drawn when asked for, needs no files",
)

_MOST = 10  # tendrils
_CHUNK = 1 << 18  # pixels drawn at once: a bound on memory

Real = NDArray[np.floating[Any]]  # float32 all along: Python's numbers do not widen it


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
    traits = np.random.default_rng(seed).random((n, 10 + 3 * _MOST), np.float32)  # a row an image: n changes none
    labels = (traits[:, 0] * classes).astype(np.int64)
    images = np.empty((n, 1, size, size), np.uint8)
    step = max(_CHUNK // size**2, 1)
    for first in range(0, n, step):
        part = slice(first, first + step)
        images[part, 0] = np.rint(_draw(traits[part], labels[part], size) * 255)
    return images, labels


def _draw(traits: Real, labels: NDArray[np.int64], size: int) -> Real:
    """Ink [n, size, size] in [0, 1] from traits in [0, 1); lengths are in units of half the picture."""
    # one number an image, [n, 1, 1]
    low = [-0.06, -0.06, -np.pi, 0.46, -np.pi, 0.045, 0.0, -np.pi, -4.0]
    high = [0.06, 0.06, np.pi, 0.54, np.pi, 0.07, 0.035, np.pi, 4.0]
    scaled = traits[:, 1:10] * np.subtract(high, low, dtype=np.float32) + np.array(low, np.float32)
    left, up, turn, radius, swell, width, wobble, wave, curl = scaled.T[:, :, None, None]
    count = (labels + 1).astype(np.float32)[:, None, None]
    spacing = 2 * np.pi / count

    axis: Real = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = axis[None, None, :] - left, axis[None, :, None] - up
    r, angle = np.sqrt(x * x + y * y), np.arctan2(y, x)

    # the ring: half its width swells on one side, and closes to nothing halfway between the first and last tendril
    gap = np.abs(_wrap(angle - turn + spacing / 2)) * radius
    half = width * (1 + 0.55 * np.cos(angle - swell)) * np.sqrt(np.clip(gap / 0.08 - 1, 0, 1))
    middle = radius * (1 + wobble * np.cos(2 * angle - wave))
    ring = _coverage(half, np.abs(r - middle), size)

    # tendrils: rooted in the ring, bent by a common curl, thin at the tip; unbent, each pixel belongs to the nearest
    straight = (angle - turn - curl * np.square(np.maximum(r - middle, 0))) / spacing
    nearest = np.rint(straight)
    slot = np.mod(nearest, count).astype(np.intp).reshape(len(traits), -1)
    jitter, length, thick = (np.take_along_axis(t, slot, 1).reshape(r.shape) for t in np.split(traits[:, 10:], 3, 1))
    off = np.abs(straight - nearest - (jitter - 0.5) / 4) * spacing * r
    along = (r - middle) / (0.26 + 0.14 * length)
    rest = np.clip(1 - along, 0, 1)
    taper = 0.065 * np.sqrt(rest) + (0.02 + 0.06 * thick) * rest**4
    tendrils: Real = _coverage(taper, off, size) * (along > 0)
    return np.maximum(ring, tendrils)


def _wrap(angle: Real) -> Real:
    """The same angle in [-pi, pi]."""
    wrapped: Real = angle - 2 * np.pi * np.rint(angle / (2 * np.pi))
    return wrapped


def _coverage(half: Real, distance: Real, size: int) -> Real:
    """How much of a pixel lies within `half` of a line: one in the ink, zero outside, a ramp one pixel wide between."""
    inked = np.clip((half - distance) * (size / 2) + 0.5, 0, 1)
    ink: Real = inked * np.clip(half * size, 0, 1)  # a line thinner than a pixel is faint
    return ink
