"""A class-conditional convolutional pair that is fast on a CPU: no layer works at full resolution.

Generator and discriminator begin and end at half of the size, where a pixel has the four of the image as channels
(sub-pixel convolution, Shi et al. 2016, arXiv:1609.05158): a convolution with one channel in or out takes many times as
long as its arithmetic. And the discriminator ends in an inner product of the whole map with one vector and one of each
class (projection, Miyato & Koyama 2018, arXiv:1802.05637), for a hidden linear layer would be most of its work.
"""

from typing import Annotated

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, leaky_relu_

from elegans.models._blocks import Label, Mapping, Shape, SpectralNorm, Verdict, quarters
from elegans.models._layout import Unflatten
from elegans.models._modulation import Norm
from elegans.models._products import Linear
from elegans.models._subpixel import OfSubpixels, ToSubpixels
from elegans.models._tanh import tanh

Width = Annotated[int, Field(gt=0)]


class Generator(nn.Module):
    """Latent and label to a quarter of the size, a transposed convolution to a half, and one that makes four pixels.

    The label is quiet as in `Mapping`: with equal voices a class is one image before the latent is heard.
    """

    def __init__(self, shape: Shape, classes: int, latent: int, width: int, modulated: bool) -> None:
        super().__init__()
        channels, (height, breadth) = shape[0], quarters(shape)
        self.label = Label(classes, latent) if classes else None
        values = (2 if classes else 1) * latent
        self.start = nn.Sequential(
            Linear(values, 2 * width * height * breadth, bias=False), Unflatten(1, (2 * width, height, breadth))
        )
        self.early, self.late = (Norm(maps, values if modulated else 0) for maps in (2 * width, width))
        self.up = nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False)
        self.pixels = ToSubpixels(width, channels)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels all are of class 0."""
        if self.label is not None:
            y = torch.zeros(len(z), dtype=torch.long, device=z.device) if y is None else y
            z = torch.cat([z, Mapping.QUIET * self.label(y if y.is_floating_point() else y.clamp(min=0))], 1)
        x = leaky_relu_(self.early(self.start(z), z), 0.2)
        x = leaky_relu_(self.late(self.up(x), z), 0.2)
        return tanh(self.pixels(x))


class Discriminator(nn.Module):
    """Two convolutions under spectral norm (Miyato et al. 2018, arXiv:1802.05957), and how much the map is like a real
    image and, three times as loud, like one of its class."""

    LOUD = 3.0

    def __init__(self, shape: Shape, classes: int, width: int) -> None:
        super().__init__()
        channels, (height, breadth) = shape[0], quarters(shape)
        self.first = SpectralNorm(OfSubpixels(channels, width))
        self.second = SpectralNorm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1))
        features = 2 * width * height * breadth
        self.score = SpectralNorm(Linear(features, 1))
        self.label = None
        if classes:
            label = nn.Embedding(classes, features)
            # under spectral norm the size of a weight decides how fast it turns: as fast as the others
            nn.init.normal_(label.weight, std=features**-0.5)
            self.label = SpectralNorm(label)

    def forward(self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | None = None) -> Verdict:
        """A score each: how real, and how much of its class."""
        x = leaky_relu(self.first(x), 0.2)
        x = leaky_relu(self.second(x), 0.2).permute(0, 2, 3, 1).flatten(1)  # as it lies in memory
        score = self.score(x).squeeze(1)
        if self.label is not None and y is not None:
            score = score + self.LOUD * (self.label(y.clamp(min=0)) * x).sum(1)
        return Verdict(score)


def build(
    shape: Shape,
    classes: int,
    latent: int,
    width: Width = 16,
    discriminator_width: Width = 16,
    modulated: bool = False,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: number of classes; 0 leaves the labels out.
        latent: latent dimensions.
        width: channels of the generator's last hidden layer; the one before has twice as many.
        discriminator_width: channels of its first convolution; the second has twice as many.
        modulated: latent and label set scale and shift of the generator's batch norms, too.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    return {
        "generator": Generator(shape, classes, latent, width, modulated),
        "discriminator": Discriminator(shape, classes, discriminator_width),
    }
