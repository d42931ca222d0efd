"""The latent space of an autoencoder as a picture: where images lie, and what it makes of the points between them."""

import io
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from elegans.errors import RequestError
from elegans.images import Bytes, sheet
from elegans.methods.autoencoder import to_images
from elegans.reconstruct import Trained, variational
from elegans.tensors import to_bytes

SIDE = 15  # images a side of the grid
EDGE = 0.05  # the first and the last stand at this quantile of a Gaussian and at 1 minus it

Codes = NDArray[np.float32]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """A plane through codes, with coordinates in which they have about mean 0 and variance 1.

    Attributes:
        origin: a code, float [d].
        axes: the steps to the right and up, float [2, d], orthogonal.
        share: of the codes' variance, which lies in the plane.
        names: of the axes.
    """

    origin: Points
    axes: Points
    share: float
    names: tuple[str, str]

    def coordinates(self, codes: Codes) -> Points:
        """Where codes, float [n, d], are seen on the plane: float [n, 2]."""
        seen: Points = (codes - self.origin) @ self.axes.T / np.square(self.axes).sum(1)
        return seen

    def codes(self, at: Points) -> Codes:
        """The codes, float32 [n, d], at coordinates, float [n, 2]."""
        return (self.origin + at @ self.axes).astype(np.float32)


def plane(model: Trained, codes: Codes) -> Plane:
    """The plane to look at.

    With two Gaussian latents it is the whole latent space, whose prior is N(0, I). Any other space is cut where most
    of it is: through the mean of the codes along their two principal directions, a standard deviation a unit. A plain
    autoencoder has no prior, and no number of its code means more than another.

    Args:
        model: a run of an autoencoder, loaded.
        codes: of images, float32 [n, d], n > 1.

    Raises:
        RequestError: a model without an encoder, or codes that do not fill a plane.
    """
    size = codes.shape[1]
    if size == 2 and variational(model):
        return Plane(np.zeros(2), np.eye(2), 1.0, ("first latent", "second latent"))
    if size < 2:
        raise RequestError("codes of one number lie on a line: there is no plane to show")
    values, vectors = np.linalg.eigh(np.cov(codes.T.astype(np.float64), bias=True))
    first, second = values[-1], values[-2]
    if second < 1e-12 * max(first, 1e-12):
        raise RequestError("the codes of these images lie on a line: there is no plane to show")
    axes = np.stack([vectors[:, -1] * first**0.5, vectors[:, -2] * second**0.5])
    names = ("first principal direction", "second principal direction")
    return Plane(codes.mean(0, dtype=np.float64), axes, float((first + second) / values.sum()), names)


def grid(side: int = SIDE) -> Points:
    """Coordinates of side x side points at equal quantiles of a Gaussian, row by row from the top: float [n, 2]."""
    steps = [NormalDist().inv_cdf(share) for share in np.linspace(EDGE, 1 - EDGE, side)]
    across, up = np.meshgrid(steps, steps[::-1])
    return np.stack([across.ravel(), up.ravel()], axis=1)


def decode(model: Trained, codes: Codes) -> Bytes:
    """The images of codes, float32 [n, d], as uint8 [n, h, w, c]."""
    return to_bytes(to_images(model.networks["decoder"](torch.from_numpy(codes))))


def draw(model: Trained, codes: Codes, labels: NDArray[np.int64], title: str = "") -> bytes:
    """A PNG: on the left a point for each code, coloured by its label; on the right the images of a grid of codes.

    Both show the same plane the same way up; a frame on the left is where the grid on the right ends.

    Args:
        model: a run of an autoencoder, loaded.
        codes: of images, float32 [n, d], n > 1.
        labels: of those images, int64 [n], -1 where there are none.
        title: what the images are.

    Raises:
        RequestError: a model without an encoder, or codes that do not fill a plane.
    """
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    here, points = plane(model, codes), grid()
    images = sheet(decode(model, here.codes(points)), SIDE, gap=0)
    figure = Figure(figsize=(11, 5.7), layout="constrained", dpi=90)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    figure.suptitle(title, fontsize="medium")

    colours = colormaps["tab10"]
    left.scatter(*here.coordinates(codes).T, c=colours(labels % 10), s=2, linewidths=0, antialiased=False)
    classes = np.unique(labels)
    if 1 < len(classes) <= 10:
        for label in classes:
            left.scatter([], [], color=colours(label % 10), s=30, label=str(label))
        left.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), handletextpad=0)
    edge = points.max()
    left.add_patch(Rectangle((-edge, -edge), 2 * edge, 2 * edge, fill=False, edgecolor="black", linewidth=1))
    left.set(xlabel=here.names[0], ylabel=here.names[1])
    left.set_aspect("equal", adjustable="datalim")
    left.grid(alpha=0.3)
    left.set_title("codes; the frame is what the right shows", fontsize="small")
    left.spines[["top", "right"]].set_visible(False)

    right.imshow(np.broadcast_to(images, (*images.shape[:2], 3)), interpolation="nearest")
    right.set_title(f"decoded at equal quantiles of a Gaussian, {EDGE:.0%} to {1 - EDGE:.0%}", fontsize="small")
    right.set_axis_off()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    if images.shape[2] == 3:
        return buffer.getvalue()
    return _small(buffer, [round(255 * value) for k in range(10) for value in colours(k)[:3]])


def _small(png: io.BytesIO, colours: list[int]) -> bytes:
    """A PNG with those colours and 16 greys only, in a sixth of the bytes."""
    palette, small = Image.new("P", (1, 1)), io.BytesIO()
    palette.putpalette(colours + [round(255 * k / 15) for k in range(16) for _ in range(3)])
    with Image.open(png) as picture:
        picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()
