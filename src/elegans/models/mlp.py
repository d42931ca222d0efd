"""Multilayer perceptrons: the networks of the `vanilla` and `intro` GANs."""

from math import prod
from typing import Annotated

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, glorot_

Widths = Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]


class Generator(nn.Module):
    """Latents through hidden layers to an image, ending in tanh."""

    def __init__(self, shape: Shape, latent: int, widths: list[int], slope: float, batch_norm: bool) -> None:
        super().__init__()
        self.shape = shape
        layers: list[nn.Module] = []
        for inputs, width in zip([latent, *widths], widths, strict=False):
            layers += [nn.Linear(inputs, width), nn.LeakyReLU(slope, inplace=True)]
            if batch_norm:  # after the activation, with the momentum and epsilon of the Keras original
                layers.append(nn.BatchNorm1d(width, eps=1e-3, momentum=0.2))
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], prod(shape)), nn.Tanh())

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]. Not conditional: y is ignored."""
        images: Tensor = self.layers(z)
        return images.view(-1, *self.shape)


class Discriminator(nn.Module):
    """Pixels through hidden layers to a score; dropout after each hidden layer but the last."""

    def __init__(self, shape: Shape, widths: list[int], slope: float, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for i, (inputs, width) in enumerate(zip([prod(shape), *widths], widths, strict=False)):
            layers += [nn.Linear(inputs, width), nn.LeakyReLU(slope, inplace=True)]
            if dropout and i < len(widths) - 1:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each. Not conditional: y is ignored."""
        return Verdict(self.layers(x).squeeze(1))


def build(
    shape: Shape,
    classes: int,
    latent: int,
    generator: Widths,
    discriminator: Widths,
    slope: float = 0.2,
    batch_norm: bool = False,
    dropout: float = 0.0,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: ignored.
        latent: latent dimensions.
        generator: widths of its hidden layers, from the latent to the image.
        discriminator: widths of its hidden layers, from the image to the score.
        slope: of the leaky ReLUs below zero.
        batch_norm: batch normalisation in the generator.
        dropout: share of units dropped in the discriminator.
    """
    return {
        "generator": glorot_(Generator(shape, latent, generator, slope, batch_norm)),
        "discriminator": glorot_(Discriminator(shape, discriminator, slope, dropout)),
    }
