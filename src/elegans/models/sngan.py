"""A light convolutional pair for pictures of any size: transposed convolutions against spectral norm."""

from itertools import pairwise
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from elegans.models._blocks import Shape, halvings
from elegans.models._critics import Halving
from elegans.models._layout import Unflatten
from elegans.models._modulation import Norm
from elegans.models._pixels import ToPixels
from elegans.models._products import Linear
from elegans.models._tanh import Tanh

Width = Annotated[int, Field(gt=0)]


class Generator(nn.Module):
    """Linear to the smallest map, a transposed convolution for each doubling, and a 3x3 one that only draws.

    Batch norm stands before each of them. Without the last one every second pixel would be made by other weights than
    its neighbour, and the grid of that takes long to vanish.
    """

    def __init__(self, shape: Shape, latent: int, widths: list[int], modulated: bool) -> None:
        super().__init__()

        def norm(channels: int) -> nn.Module:  # torch's own has the names that older checkpoints have
            return Norm(channels, latent) if modulated else nn.BatchNorm2d(channels)

        levels = len(widths) - 1
        start = (widths[0], shape[1] >> levels, shape[2] >> levels)
        layers: list[nn.Module] = [Linear(latent, start[0] * start[1] * start[2]), Unflatten(1, start)]
        for inputs, outputs in pairwise(widths):
            layers += [norm(inputs), nn.LeakyReLU(0.2, inplace=True)]
            layers.append(upsampling_(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)))
        layers += [norm(widths[-1]), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, ToPixels(widths[-1], shape[0], 3, padding=1), Tanh())

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]. Not conditional: y is ignored."""
        x = z
        for layer in self.layers:
            x = layer(x, z) if isinstance(layer, Norm) else layer(x)
        return x


def upsampling_(layer: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """Random initial weights with which a 4x4 layer of stride 2 is nearest-neighbour upsampling and a 3x3 convolution:
    there is no checkerboard to unlearn (as ICNR, Aitken et al. 2017, arXiv:1707.02937), and each weight is free."""
    kernel = torch.randn(layer.in_channels, layer.out_channels, 3, 3) / (9 * layer.in_channels) ** 0.5
    taps = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # of the kernel that meet in a transposed tap
    with torch.no_grad():
        layer.weight.copy_(torch.einsum("ioab,sa,tb->iost", kernel, taps, taps))
    return layer


def build(
    shape: Shape,
    classes: int,
    latent: int,
    width: Width = 32,
    discriminator_width: Width = 32,
    most: Width = 256,
    modulated: bool = False,
) -> dict[str, nn.Module]:
    """The pair of networks, in the manner of DCGAN (Radford et al. 2016, arXiv:1511.06434) with the discriminator of
    SNGAN (Miyato et al. 2018, arXiv:1802.05957, table 3) less the convolutions that do not halve.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: ignored.
        latent: latent dimensions.
        width: channels of the generator's last hidden map; twice as many each level down.
        discriminator_width: channels of the discriminator's first map, in the same way.
        most: channels of any map, at most.
        modulated: the latent sets scale and shift of the generator's batch norms too (Chen et al. 2019,
            arXiv:1810.01365).

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    widths = [min(width << k, most) for k in reversed(range(halvings(shape) + 1))]
    return {
        "generator": Generator(shape, latent, widths, modulated),
        "discriminator": Halving(shape, discriminator_width, most),
    }
