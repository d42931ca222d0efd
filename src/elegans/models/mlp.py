"""Multilayer perceptrons: the networks of the `vanilla`, `intro` and `xor` GANs."""

from collections.abc import Sequence
from math import prod
from typing import Annotated

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn

from elegans.models._blocks import Label, Shape, Verdict, glorot_
from elegans.models._dropout import Dropout
from elegans.models._products import Linear
from elegans.models._tanh import Tanh
from elegans.similarity import BatchSimilarity

Widths = Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]


class Beside(nn.Module):
    """A vector for the class beside the input (Mirza & Osindero 2014, arXiv:1411.1784); without classes nothing."""

    def __init__(self, inputs: int, classes: int, size: int) -> None:
        super().__init__()
        self.label = Label(classes, size) if classes else None
        self.features = inputs + size * bool(classes)

    def forward(
        self, x: Float[Tensor, "n d"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n e"]:
        """Input and class; without labels all are of class 0."""
        if self.label is None:
            return x
        if y is None:
            y = torch.zeros(len(x), dtype=torch.long, device=x.device)
        return torch.cat([x, self.label(y if y.is_floating_point() else y.clamp(min=0))], 1)


class Generator(nn.Module):
    """Latents, and labels if there are classes, through hidden layers to an image, ending in tanh."""

    def __init__(
        self, shape: Shape, classes: int, latent: int, widths: list[int], slope: float, batch_norm: bool
    ) -> None:
        super().__init__()
        self.shape, self.given = shape, Beside(latent, classes, latent)
        layers: list[nn.Module] = []
        for inputs, width in zip([self.given.features, *widths], widths, strict=False):
            layers += [Linear(inputs, width), nn.LeakyReLU(slope, inplace=True)]
            if batch_norm:  # after the activation, with the momentum and epsilon of the Keras original
                layers.append(nn.BatchNorm1d(width, eps=1e-3, momentum=0.2))
        self.layers = nn.Sequential(*layers, Linear(widths[-1], prod(shape)), Tanh())

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y, if there are classes."""
        images: Tensor = self.layers(self.given(z, y))
        return images.view(-1, *self.shape)


class Discriminator(nn.Module):
    """Pixels, and labels if there are classes, through hidden layers to a score; dropout after each but the last."""

    def __init__(
        self,
        shape: Shape,
        classes: int,
        latent: int,
        widths: list[int],
        slope: float,
        dropout: float,
        similarity: Sequence[str],
        partners: int,
    ) -> None:
        super().__init__()
        self.given = Beside(prod(shape), classes, latent)
        layers: list[nn.Module] = [nn.Flatten()]  # of what is flat already: the names of saved weights count it
        for i, (inputs, width) in enumerate(zip([self.given.features, *widths], widths, strict=False)):
            layers += [Linear(inputs, width), nn.LeakyReLU(slope, inplace=True)]
            if dropout and i < len(widths) - 1:
                layers.append(Dropout(dropout))
        if similarity:
            layers.append(BatchSimilarity(similarity, partners))
        self.layers = nn.Sequential(*layers, Linear(widths[-1] + len(similarity), 1))

    def forward(
        self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Verdict:
        """A score each: how real, and, if there are classes, how much of its class."""
        return Verdict(self.layers(self.given(x.flatten(1), y)).squeeze(1))


def build(
    shape: Shape,
    classes: int,
    latent: int,
    generator: Widths,
    discriminator: Widths,
    slope: float = 0.2,
    batch_norm: bool = False,
    dropout: float = 0.0,
    similarity: Sequence[str] = (),
    partners: Annotated[int, Field(gt=0)] = 5,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: number of classes; 0 leaves labels out.
        latent: latent dimensions; the vector of a class has as many.
        generator: widths of its hidden layers, from the latent to the image.
        discriminator: widths of its hidden layers, from the image to the score.
        slope: of the leaky ReLUs below zero.
        batch_norm: batch normalisation in the generator.
        dropout: share of units dropped in the discriminator.
        similarity: how the discriminator compares the samples of a batch: measures of similarity.py.
        partners: how many others each sample is compared with.
    """
    made = glorot_(Generator(shape, classes, latent, generator, slope, batch_norm))
    judge = glorot_(Discriminator(shape, classes, latent, discriminator, slope, dropout, similarity, partners))
    return {"generator": made, "discriminator": judge}
