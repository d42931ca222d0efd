"""The ACGAN for digits: labels multiplied into the latent, a discriminator that also names the class.

Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs", arXiv:1610.09585, in the sizes of the
Keras examples of 2017 and of gandlf.
"""

from collections.abc import Sequence
from typing import Annotated

from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad

from elegans.models._blocks import Shape, Verdict, glorot_, quarters
from elegans.models._conditions import Head, Product
from elegans.models._dropout import Dropout
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import OfPixels, ToPixels, TransposedToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh, tanh
from elegans.models._upsample import UpsampledConv

Widths = Annotated[Sequence[Annotated[int, Field(gt=0)]], Field(min_length=4, max_length=4)]


class Generator(nn.Module):
    """Two linear layers to a quarter of the size, twice upsampling with a 5x5 convolution, and a 2x2 one to tanh."""

    def __init__(self, shape: Shape, classes: int, latent: int, widths: Sequence[int], batch_norm: bool) -> None:
        super().__init__()
        channels, (height, width) = shape[0], quarters(shape)
        first, second, third, fourth = widths
        self.label = Product(classes, latent)
        self.layers = nn.Sequential(
            Linear(latent, first),
            nn.ReLU(inplace=True),
            Linear(first, second * height * width),
            Unflatten(1, (second, height, width)),
            *([nn.BatchNorm2d(second)] if batch_norm else []),
            nn.ReLU(inplace=True),
            UpsampledConv(second, third),
            *([nn.BatchNorm2d(third)] if batch_norm else []),
            nn.ReLU(inplace=True),
            UpsampledConv(third, fourth),
            *([nn.BatchNorm2d(fourth)] if batch_norm else []),
            nn.ReLU(inplace=True),
        )
        self.last = ToPixels(fourth, channels, 2)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels all are of class 0."""
        x = self.layers(self.label(z, y))
        images: Tensor = tanh(self.last(pad(x, (0, 1, 0, 1))))
        return images


class TransposedGenerator(nn.Module):
    """Linear to 3x3, then three transposed 5x5 convolutions to 28x28: the later Keras example (November 2017)."""

    def __init__(self, channels: int, classes: int, latent: int) -> None:
        super().__init__()
        self.label = Product(classes, latent)
        self.layers = nn.Sequential(
            Linear(latent, 384 * 9),
            nn.ReLU(inplace=True),
            Unflatten(1, (384, 3, 3)),
            nn.ConvTranspose2d(384, 192, 5),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(192, 96, 5, stride=2, padding=2, output_padding=1),
            nn.ReLU(inplace=True),
            TransposedToPixels(96, channels, 5, stride=2, padding=2, output_padding=1),
            Tanh(),
        )

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels all are of class 0."""
        images: Tensor = self.layers(self.label(z, y))
        return images


class Discriminator(nn.Module):
    """Four 3x3 convolutions with dropout, then a score and, with classes, their logits."""

    def __init__(self, shape: Shape, classes: int, widths: Sequence[int], slope: float, dropout: float) -> None:
        super().__init__()
        channels, (height, width) = shape[0], quarters(shape)
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip([channels, *widths], widths, [2, 1, 2, 1], strict=False):
            convolution = nn.Conv2d if layers else OfPixels
            layers += [convolution(inputs, outputs, 3, stride, padding=1), nn.LeakyReLU(slope, inplace=True)]
            layers += [Dropout(dropout)]
        self.layers = nn.Sequential(*layers, Flatten())
        self.head = Head(widths[-1] * height * width, classes)

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each, and class logits. The label is what it should find out: y is ignored."""
        verdict: Verdict = self.head(self.layers(x))
        return verdict


def build(
    shape: Shape,
    classes: int,
    latent: int,
    generator: Widths = (1024, 128, 256, 128),
    discriminator: Widths = (32, 64, 128, 256),
    batch_norm: bool = False,
    slope: float = 0.3,
    dropout: float = 0.3,
    transposed: bool = False,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: number of classes; 0: no labels and no class head.
        latent: latent dimensions.
        generator: units of the first linear layer, channels after the second and after each upsampling.
        discriminator: channels of the four convolutions.
        batch_norm: batch normalisation in the generator.
        slope: of the discriminator's leaky ReLUs below zero.
        dropout: share of values dropped after each of the discriminator's convolutions.
        transposed: the generator of the later Keras example, whose widths are fixed.

    Raises:
        ValueError: a side that is not a multiple of 4; for the transposed generator, one that is not 28.
    """
    if transposed and shape[1:] != (28, 28):
        raise ValueError(f"the images are 28 x 28 with the transposed generator, not {shape[1]} x {shape[2]}")
    makes = (
        TransposedGenerator(shape[0], classes, latent)
        if transposed
        else Generator(shape, classes, latent, generator, batch_norm)
    )
    return {
        "generator": glorot_(makes),
        "discriminator": glorot_(Discriminator(shape, classes, discriminator, slope, dropout)),
    }
