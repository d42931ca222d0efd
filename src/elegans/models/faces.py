"""The DCGAN of the faces: four transposed convolutions from a quarter of the size against three strided ones."""

from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, glorot_, quarters
from elegans.models._dropout import Dropout
from elegans.models._fourier import FourierTransposed
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import OfPixels, TransposedToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh


class Generator(nn.Module):
    """Linear to a quarter of the size, a transposed convolution of stride 1, two that double, one to the picture."""

    def __init__(self, shape: Shape, latent: int) -> None:
        super().__init__()
        channels, height, width = shape
        start = 512, height // 4, width // 4
        # stride 2: output_padding=1 doubles exactly, as TensorFlow's SAME does
        self.layers = nn.Sequential(
            Linear(latent, start[0] * start[1] * start[2]),
            Unflatten(1, start),
            nn.BatchNorm2d(512),
            nn.LeakyReLU(0.2, inplace=True),
            FourierTransposed(512, 256, 5, start[1:]),
            nn.BatchNorm2d(256),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(256, 128, 5, stride=2, padding=2, output_padding=1),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(128, 64, 5, stride=2, padding=2, output_padding=1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2, inplace=True),
            TransposedToPixels(64, channels, 5, padding=2),
            Tanh(),
        )

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]. Not conditional: y is ignored."""
        images: Tensor = self.layers(z)
        return images


class Discriminator(nn.Module):
    """Three strided convolutions and a linear layer, with batch norm (it couples the samples of a batch) and, in
    training only, dropout."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        channels, height, width = shape
        self.layers = nn.Sequential(
            OfPixels(channels, 64, 5, stride=2, padding=2),
            nn.LeakyReLU(0.2, inplace=True),
            Dropout(dropout),
            nn.Conv2d(64, 128, 5, stride=2, padding=2),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2, inplace=True),
            Dropout(dropout),
            nn.Conv2d(128, 256, 5, stride=2, padding=2),
            nn.BatchNorm2d(256),
            nn.LeakyReLU(0.2, inplace=True),
            Flatten(),
            Linear(256 * -(-height // 8) * -(-width // 8), 1),
        )

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))


def build(shape: Shape, classes: int, latent: int, dropout: float = 0.1) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: ignored.
        latent: latent dimensions.
        dropout: share of values dropped after the discriminator's first two convolutions.

    Raises:
        ValueError: a side that is not a multiple of 4, or a share outside [0, 1].
    """
    quarters(shape)
    return {"generator": glorot_(Generator(shape, latent)), "discriminator": glorot_(Discriminator(shape, dropout))}
