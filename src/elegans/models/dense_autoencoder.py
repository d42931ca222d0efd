"""Autoencoders of linear layers: `autoencoder`, with none but the code's own, and `vae`, with a hidden one each way."""

from itertools import pairwise
from math import prod
from typing import Annotated

import torch
from jaxtyping import Float, UInt8
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import relu

from elegans.models._blocks import Shape, glorot_
from elegans.models._codes import Code
from elegans.models._layout import lay
from elegans.models._products import Linear
from elegans.models._sparse import OfBytes
from elegans.tensors import to_shares

Widths = list[Annotated[int, Field(gt=0)]]


class Encoder(nn.Module):
    """Pixels through hidden layers to a code, rectified; or to the mean and log-variance of one."""

    def __init__(self, shape: Shape, latent: int, widths: list[int], variational: bool) -> None:
        super().__init__()
        self.hidden = hidden([prod(shape), *widths], OfBytes)
        self.sees_bytes = bool(widths)
        last = [prod(shape), *widths][-1]
        self.variational = variational
        self.code = Linear(last, 2 * latent if variational else latent)

    def forward(self, x: Float[Tensor, "n c h w"] | UInt8[Tensor, "n c h w"]) -> Code:
        """The codes of images in [-1, 1], or of their bytes; the layers see what is in [0, 1]."""
        features = self.hidden((x if x.dtype == torch.uint8 else to_shares(x)).flatten(1))
        said = self.code(features)
        return Code(*said.chunk(2, 1)) if self.variational else Code(relu(said))


class Decoder(nn.Module):
    """A code through hidden layers to the logits of pixels."""

    def __init__(self, shape: Shape, latent: int, widths: list[int]) -> None:
        super().__init__()
        self.shape = shape
        self.hidden = hidden([latent, *widths])
        self.pixels = Linear([latent, *widths][-1], prod(shape))

    def forward(self, code: Float[Tensor, "n d"]) -> Float[Tensor, "n c h w"]:
        """Logits of the pixels, whose sigmoid is in [0, 1]."""
        logits: Tensor = self.pixels(self.hidden(code))
        return logits.view(-1, *self.shape)


def hidden(widths: list[int], first: type[Linear] = Linear) -> nn.Sequential:
    """Linear layers with ReLUs, from each width to the next; nothing for a single one."""
    kinds = [first, *[Linear] * len(widths)]
    pairs = zip(kinds, pairwise(widths), strict=False)
    return nn.Sequential(*(layer for kind, (a, b) in pairs for layer in (kind(a, b), nn.ReLU(inplace=True))))


def build(
    shape: Shape, classes: int, latent: int, widths: Widths | None = None, variational: bool = False
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: ignored.
        latent: numbers a code has.
        widths: of the encoder's hidden layers, from the image to the code; the decoder has them in reverse.
        variational: codes are Gaussians (Kingma & Welling 2014, arXiv:1312.6114).
    """
    widths = widths or []
    encoder, decoder = Encoder(shape, latent, widths, variational), Decoder(shape, latent, widths[::-1])
    glorot_(encoder)
    for head in encoder.code.weight.chunk(2) if variational else ():
        nn.init.xavier_uniform_(head)  # mean and log-variance are layers of their own, made as one product
    glorot_(decoder)
    lay(encoder.hidden)  # its last layer has few outputs, which are faster as torch has them
    lay(decoder)
    return {"encoder": encoder, "decoder": decoder}
