"""The GAN of the cars: wide convolutions at half the size against four unpadded ones, without any normalisation."""

from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, glorot_, quarters
from elegans.models._dropout import Dropout
from elegans.models._fourier import FourierConv
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import OfPixels, ToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh


class Generator(nn.Module):
    """Linear to half the size, three convolutions, a transposed one that doubles, one to the picture."""

    def __init__(self, shape: Shape, latent: int) -> None:
        super().__init__()
        channels, height, width = shape
        start = 128, height // 2, width // 2
        self.layers = nn.Sequential(
            Linear(latent, start[0] * start[1] * start[2]),
            nn.LeakyReLU(0.3, inplace=True),
            Unflatten(1, start),
            FourierConv(128, 256, 5, start[1:]),
            nn.LeakyReLU(0.3, inplace=True),
            FourierConv(256, 256, 5, start[1:]),
            nn.LeakyReLU(0.3, inplace=True),
            FourierConv(256, 256, 5, start[1:]),
            nn.LeakyReLU(0.3, inplace=True),
            nn.ConvTranspose2d(256, 256, 4, stride=2, padding=1),
            nn.LeakyReLU(0.3, inplace=True),
            ToPixels(256, channels, 7, padding=3),
            Tanh(),
        )

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]. Not conditional: y is ignored."""
        images: Tensor = self.layers(z)
        return images


class Discriminator(nn.Module):
    """A convolution and three strided ones, none padded, dropout, a linear layer; kernels shrink on pictures too
    small for them."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        channels, height, width = shape
        layers: list[nn.Module] = [OfPixels(channels, 128, 3), nn.LeakyReLU(0.3, inplace=True)]
        sides = (height - 2, width - 2)
        for _ in range(3):
            kernel = (min(4, sides[0]), min(4, sides[1]))
            layers += [nn.Conv2d(128, 128, kernel, stride=2), nn.LeakyReLU(0.3, inplace=True)]
            sides = ((sides[0] - kernel[0]) // 2 + 1, (sides[1] - kernel[1]) // 2 + 1)
        linear = Linear(128 * sides[0] * sides[1], 1)
        self.layers = nn.Sequential(*layers, Flatten(), Dropout(dropout), linear)

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))


def build(shape: Shape, classes: int, latent: int, dropout: float = 0.4) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: ignored.
        latent: latent dimensions.
        dropout: share of the discriminator's last features dropped.

    Raises:
        ValueError: a side that is not a multiple of 4, or a share outside [0, 1].
    """
    quarters(shape)
    return {"generator": glorot_(Generator(shape, latent)), "discriminator": glorot_(Discriminator(shape, dropout))}
