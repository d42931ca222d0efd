"""Discriminators that several models share."""

from itertools import pairwise

from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from elegans.models._blocks import Shape, SpectralNorm, Verdict, halvings, quarters
from elegans.models._layout import Flatten
from elegans.models._pixels import OfPixels
from elegans.models._products import Linear


class Projection(nn.Module):
    """Two convolutions and a linear layer under spectral norm (Miyato et al. 2018, arXiv:1802.05957); the label enters
    as an inner product with the features (Miyato & Koyama 2018, arXiv:1802.05637, equation 3).

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: number of classes; 0 leaves the projection out.
        width: channels of the first convolution; the second has twice as many.
        features: what the linear layer ends in.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """

    def __init__(self, shape: Shape, classes: int, width: int, features: int) -> None:
        super().__init__()
        channels, (height, breadth) = shape[0], quarters(shape)
        self.down1 = SpectralNorm(OfPixels(channels, width, 4, stride=2, padding=1))
        self.down2 = SpectralNorm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1))
        self.linear = SpectralNorm(Linear(2 * width * height * breadth, features))
        self.score = SpectralNorm(Linear(features, 1))
        self.label = SpectralNorm(nn.Embedding(classes, features)) if classes else None

    def forward(self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | None = None) -> Verdict:
        """A score each: how real, and how much of its class."""
        x = leaky_relu(self.down1(x), 0.2)
        x = leaky_relu(self.down2(x), 0.2)
        x = leaky_relu(self.linear(x.flatten(1)), 0.2)
        score = self.score(x).squeeze(1)
        if self.label is not None and y is not None:
            score = score + (self.label(y.clamp(min=0)) * x).sum(1)
        return Verdict(score)


class Halving(nn.Module):
    """A strided convolution for each halving under spectral norm, twice as wide as the one before, and a linear layer
    that is free to speak up: bounded like the others, it scored real and generated cars alike.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        width: channels of the first convolution.
        most: channels of any convolution, at most.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """

    def __init__(self, shape: Shape, width: int, most: int = 256) -> None:
        super().__init__()
        levels = halvings(shape)
        widths = [min(width << k, most) for k in range(levels)]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([shape[0], *widths]):
            convolution = nn.Conv2d if layers else OfPixels
            layers += [SpectralNorm(convolution(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        features = [shape[0], *widths][-1] * (shape[1] >> levels) * (shape[2] >> levels)
        self.layers = nn.Sequential(*layers, Flatten(), Linear(features, 1))

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))
