"""Coordinate networks: an image is a function of the place, f(x, y, r, z, c), and can be drawn at any size."""

from itertools import product
from math import pi
from typing import Annotated

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from elegans.models._blocks import Mapping, Shape
from elegans.models._critics import Halving, Projection
from elegans.models._tanh import tanh

Width = Annotated[int, Field(gt=0)]
SLOW = 0.2  # of a step of the first layer's weights, which are many for every pixel


class Generator(nn.Module):
    """A small perceptron over the places of an image, whose weights are the latent's and the label's.

    The idea is that of compositional pattern-producing networks (Stanley 2007, doi 10.1007/s10710-007-9028-8). A place
    is given as x, y, r and a cosine basis (Fourier features: Tancik et al. 2020, arXiv:2006.10739), whose highest
    frequency limits how fast an image can change between two pixels. The weights of the first layer are made from
    latent and label (a hypernetwork: Ha et al. 2017, arXiv:1609.09106); those of the layers after it are shared by all
    images, with the inputs scaled for each and every output brought back to unit variance (Karras et al. 2020,
    arXiv:1912.04958, equations 1 and 3; for coordinate networks: Anokhin et al. 2021, arXiv:2011.13775). So what is
    dear is done once an image, and what is done at every place is cheap.

    Nothing depends on the other places of the image: any of it can be drawn alone, and alike at every size.
    """

    def __init__(
        self, shape: Shape, classes: int, latent: int, width: int, layers: int, frequencies: int, mapping: int
    ) -> None:
        super().__init__()
        self.shape, self.classes, self.width, self.frequencies = shape, classes, width, frequencies
        self.mapping = Mapping(latent, classes, mapping)
        self.first = nn.Linear(mapping, width * len(basis(1, 1, frequencies)))
        self.scales = nn.ModuleList(nn.Linear(mapping, width) for _ in range(layers))
        self.biases = nn.ModuleList(nn.Linear(mapping, width) for _ in range(layers))
        self.weights = nn.ParameterList(torch.randn(width, width) * width**-0.5 for _ in range(layers))
        self.last = nn.Linear(width, shape[0])
        nn.init.normal_(self.first.weight, std=mapping**-0.5 / SLOW)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y at the size of the data; without labels, or classes, all are of class 0.

        In training all of them are drawn up to half a pixel aside: what lies between two pixels is judged, too.
        """
        aside = torch.rand(2) - 0.5 if self.training else None
        at = basis(*self.shape[1:], self.frequencies, aside=aside)
        return self._pixels(z, y, at).view(-1, *self.shape)

    def render(
        self,
        z: Float[Tensor, "n z"],
        y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None,
        height: int,
        width: int,
        rows: range | None = None,
    ) -> Float[Tensor, "n c h w"]:
        """The same images with `height` x `width` pixels, or only some of their rows."""
        rows = range(height) if rows is None else rows
        at = basis(height, width, self.frequencies, rows)
        return self._pixels(z, y, at).view(len(z), -1, len(rows), width)

    def _pixels(self, z: Tensor, y: Tensor | None, at: Float[Tensor, "f p"]) -> Float[Tensor, "n c p"]:
        w = self.mapping(z, y)
        x = leaky_relu(SLOW * self.first(w).view(len(z), self.width, -1) @ at.to(w), 0.2)
        for scale, bias, weight in zip(self.scales, self.biases, self.weights, strict=True):
            weights = weight * (1 + scale(w)).unsqueeze(1)
            weights = weights * (weights.square().sum(2, keepdim=True) + 1e-8).rsqrt()
            x = leaky_relu(torch.baddbmm(bias(w).unsqueeze(2), weights, x), 0.2)
        return tanh(self.last.weight @ x + self.last.bias.unsqueeze(1))


def basis(
    height: int, width: int, frequencies: int, rows: range | None = None, aside: Float[Tensor, "2"] | None = None
) -> Float[Tensor, "f p"]:
    """What the network is told of each place: x, y, r, and the cosines.

    A pixel is an area and stands for its middle, (i + 0.5) / n of the side, so that sizes agree about where things
    are. The cosines are cos(πku) cos(πlv) for u, v in [0, 1] and all k, l with k² + l² <= frequencies², the high ones
    weaker, as they are in pictures.

    Args:
        height: of the whole image, in pixels.
        width: of the whole image, in pixels.
        frequencies: the highest one, in half waves a side.
        rows: which ones; None is all.
        aside: how far the places are moved, in pixels down and to the right; None: not at all.

    Returns:
        A row a feature, a column a place, in reading order.
    """
    aside = torch.zeros(2) if aside is None else aside
    v = (torch.arange(height)[slice(None) if rows is None else slice(rows.start, rows.stop)] + 0.5 + aside[0]) / height
    u = (torch.arange(width) + 0.5 + aside[1]) / width
    k = torch.arange(frequencies + 1)
    length = (k.unsqueeze(1).square() + k.square()).sqrt()
    pairs = enumerate(product(range(frequencies + 1), repeat=2))
    low = [i for i, (m, n) in pairs if m**2 + n**2 <= frequencies**2]
    down, across = torch.cos(pi * k.unsqueeze(1) * v), torch.cos(pi * k.unsqueeze(1) * u)
    waves = down[:, None, :, None] * across[None, :, None, :] / (1 + length / 2)[:, :, None, None]
    y, x = torch.meshgrid(2 * v - 1, 2 * u - 1, indexing="ij")
    places = torch.stack([x, y, (x.square() + y.square()).sqrt()])
    return torch.cat([places, waves.flatten(0, 1)[low]]).flatten(1)


def build(
    shape: Shape,
    classes: int,
    latent: int,
    width: Width = 64,
    layers: Annotated[int, Field(ge=0)] = 2,
    frequencies: Width = 8,
    mapping: Width = 256,
    features: Width = 256,
    discriminator_width: Width = 32,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: number of classes; 0 makes both unconditional.
        latent: latent dimensions.
        width: of the generator's layers at every place.
        layers: how many of them come after the first.
        frequencies: the highest in the basis, in half waves a side.
        mapping: width of the two layers that read latent and label.
        features: what the discriminator's linear layer ends in; without classes there is none.
        discriminator_width: channels of its first convolution; each further one has twice as many.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    discriminator = (
        Projection(shape, classes, discriminator_width, features) if classes else Halving(shape, discriminator_width)
    )
    return {
        "generator": Generator(shape, classes, latent, width, layers, frequencies, mapping),
        "discriminator": discriminator,
    }
