"""The shallow convolutional GAN: one convolution and two transposed ones against two convolutions."""

from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, normal_, quarters
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import OfPixels, TransposedToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh


class Generator(nn.Module):
    """Linear to a quarter of the size, a convolution, twice up; batch norm also on the output, as the original."""

    def __init__(self, shape: Shape, latent: int) -> None:
        super().__init__()
        channels, (height, width) = shape[0], quarters(shape)
        self.start = (32, height, width)
        self.linear = Linear(latent, 32 * height * width)
        # Two-sided padding where TensorFlow's SAME pads one side only: the same map, shifted by a pixel.
        self.layers = nn.Sequential(
            nn.LeakyReLU(0.1),
            Unflatten(1, self.start),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.1, inplace=True),
            nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.1, inplace=True),
            TransposedToPixels(64, channels, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(channels),
            Tanh(),
        )

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]. Not conditional: y is ignored."""
        images: Tensor = self.layers(self.linear(z))
        return images


class Discriminator(nn.Module):
    """Two strided convolutions and two linear layers, with batch norm: it couples the samples of a batch."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels, (height, width) = shape[0], quarters(shape)
        self.layers = nn.Sequential(
            OfPixels(channels, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.1, inplace=True),
            Flatten(),
            Linear(64 * height * width, 64),
            nn.BatchNorm1d(64),
            nn.LeakyReLU(0.1, inplace=True),
            Linear(64, 1),
        )

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))


def build(shape: Shape, classes: int, latent: int) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: ignored.
        latent: latent dimensions.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    return {"generator": normal_(Generator(shape, latent)), "discriminator": normal_(Discriminator(shape))}
