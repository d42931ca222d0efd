"""A small class-conditional convolutional pair: label embedding in the generator, projection in the discriminator."""

from typing import Annotated

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from elegans.models._blocks import Label, Shape
from elegans.models._critics import Projection

Width = Annotated[int, Field(gt=0)]


class Generator(nn.Module):
    """Latent and label to a quarter of the size, then two transposed convolutions up."""

    def __init__(self, shape: Shape, classes: int, latent: int, width: int) -> None:
        super().__init__()
        channels, height, width_px = shape
        self.start, self.classes = (2 * width, height // 4, width_px // 4), classes
        self.label = Label(max(classes, 1), latent)
        self.linear = nn.Linear(2 * latent, 2 * width * self.start[1] * self.start[2])
        self.up1 = nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1)
        self.up2 = nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1)
        self.norm0, self.norm1 = nn.BatchNorm2d(2 * width), nn.BatchNorm2d(width)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels, or without classes, all are of class 0."""
        if y is None or not self.classes:
            y = torch.zeros(len(z), dtype=torch.long, device=z.device)
        label = self.label(y.clamp(min=0))
        x = self.linear(torch.cat([z, label], 1)).unflatten(1, self.start)
        x = leaky_relu(self.norm0(x), 0.2)
        x = leaky_relu(self.norm1(self.up1(x)), 0.2)
        return torch.tanh(self.up2(x))


def build(
    shape: Shape, classes: int, latent: int, width: Width = 32, features: Width = 256, discriminator_width: Width = 32
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image; the sides are multiples of 4.
        classes: number of classes; 0 leaves the projection out.
        latent: latent dimensions.
        width: channels of the generator's last hidden layer; the one before has twice as many.
        features: what the discriminator's linear layer ends in.
        discriminator_width: channels of its first convolution; the second has twice as many.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    return {
        "generator": Generator(shape, classes, latent, width),
        "discriminator": Projection(shape, classes, discriminator_width, features),
    }
