"""The logogram GAN: all tanh, two four-fold enlargements against two average poolings."""

from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, glorot_, quarters
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import OfPixels, ToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh


class Generator(nn.Module):
    """Linear to a sixteenth of the size, then twice: enlarged four times (nearest neighbour) and a convolution."""

    def __init__(self, shape: Shape, latent: int) -> None:
        super().__init__()
        channels, self.height, self.width = shape
        start = (128, -(-self.height // 16), -(-self.width // 16))
        features = start[0] * start[1] * start[2]
        self.layers = nn.Sequential(
            Linear(latent, 1024),
            Tanh(),
            Linear(1024, features),
            nn.BatchNorm1d(features, eps=1e-3, momentum=0.01),
            Tanh(),
            Unflatten(1, start),
            nn.Upsample(scale_factor=4),
            nn.Conv2d(128, 64, 5, padding=2),
            Tanh(),
            nn.Upsample(scale_factor=4),
            ToPixels(64, channels, 5, padding=2),
            Tanh(),
        )

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]; of sides that are no multiple of 16, the upper left part. Not conditional: y is
        ignored."""
        images: Tensor = self.layers(z)[:, :, : self.height, : self.width]
        return images


class Discriminator(nn.Module):
    """Two convolutions, each pooled, and two linear layers; kernels shrink on pictures too small for them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels, *sides = shape
        quarter = [side // 4 for side in sides]
        kernel = [min(5, side) for side in quarter]
        left = [side - k + 1 for side, k in zip(quarter, kernel, strict=True)]
        pool = [min(2, side) for side in left]
        features = 128 * (left[0] // pool[0]) * (left[1] // pool[1])
        self.layers = nn.Sequential(
            OfPixels(channels, 64, 5, padding=2),
            Tanh(),
            nn.AvgPool2d(4),
            nn.Conv2d(64, 128, (kernel[0], kernel[1])),
            Tanh(),
            nn.AvgPool2d((pool[0], pool[1])),
            Flatten(),
            Linear(features, 256),
            Tanh(),
            Linear(256, 1),
        )

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))


def build(shape: Shape, classes: int, latent: int) -> dict[str, nn.Module]:
    """The pair of networks; meant for pictures of 128 x 128.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: ignored.
        latent: latent dimensions.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    quarters(shape)
    return {"generator": glorot_(Generator(shape, latent)), "discriminator": glorot_(Discriminator(shape))}
