"""Convolutional autoencoders: `conv-autoencoder` and `denoising-autoencoder`."""

from itertools import pairwise
from typing import Annotated

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, relu

from elegans.models._blocks import Shape, glorot_
from elegans.models._codes import Code
from elegans.models._pixels import ToPixels
from elegans.tensors import to_shares

Widths = Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
Size = tuple[int, int]  # height, width


class Encoder(nn.Module):
    """3x3 convolutions, each rectified and halved by max pooling; the last one's maps, flattened, are the code."""

    def __init__(self, channels: int, widths: list[int], code: int, variational: bool) -> None:
        super().__init__()
        self.variational = variational
        last = 2 * code if variational else code
        self.convolutions = convolutions([channels, *widths, last])

    def forward(self, x: Float[Tensor, "n c h w"]) -> Code:
        """The codes of images in [-1, 1], which the layers see in [0, 1]."""
        maps = to_shares(x)
        for convolution in self.convolutions[:-1]:
            maps = half(relu(convolution(maps), inplace=True))
        maps = self.convolutions[-1](maps)
        if not self.variational:
            return Code(half(relu(maps, inplace=True)).flatten(1))
        mean, log_variance = half(maps).chunk(2, dim=1)
        return Code(mean.flatten(1), log_variance.flatten(1))


class Decoder(nn.Module):
    """The code's maps enlarged by repeating pixels and convolved, once for each halving; then one more convolution."""

    def __init__(self, channels: int, widths: list[int], code: int, sizes: list[Size]) -> None:
        super().__init__()
        self.code, self.sizes = (code, *sizes[0]), sizes[1:]
        self.convolutions = convolutions([code, *widths])
        self.pixels = ToPixels(widths[-1], channels, 3, padding=1)

    def forward(self, code: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        """Logits of the pixels, whose sigmoid is in [0, 1]."""
        maps = code.view(-1, *self.code)
        for size, convolution in zip(self.sizes, self.convolutions, strict=True):
            maps = relu(convolution(interpolate(maps, size)), inplace=True)
        logits: Tensor = self.pixels(maps)
        return logits


def half(maps: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
    """The largest of each 2x2 pixels; of an odd side's last ones, those there are."""
    return max_pool2d(maps, 2, ceil_mode=True)


def convolutions(widths: list[int]) -> nn.ModuleList:
    """A 3x3 convolution from each number of channels to the next."""
    return nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))


def build(shape: Shape, classes: int, latent: int, widths: Widths, variational: bool = False) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; any sides.
        classes: ignored.
        latent: numbers a code has. It is maps of a size that the image and the halvings give, so this decides their
            number: 128 is 8 maps of 4 x 4 for images of 28 x 28 or 32 x 32 and two widths.
        widths: channels after each convolution of the encoder before the code's; the decoder has, in reverse, those
            and the code's.
        variational: codes are Gaussians (Kingma & Welling 2014, arXiv:1312.6114).

    Raises:
        ValueError: the code's size is no multiple of a map's.
    """
    channels, height, width = shape
    sizes = [(height, width)]
    for _ in range(len(widths) + 1):
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    code, rest = divmod(latent, height * width)
    if rest or not code:
        raise ValueError(
            f"codes are maps of {height} x {width} here; latent.size is a multiple of {height * width}, not {latent}"
        )
    return {
        "encoder": glorot_(Encoder(channels, widths, code, variational)),
        "decoder": glorot_(Decoder(channels, [code, *widths[::-1]], code, sizes[::-1])),
    }
