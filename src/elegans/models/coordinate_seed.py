"""The coordinate GAN of gandlf as its README has it: perceptrons that draw, and judge, one pixel at a time."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans.models._blocks import Label, Shape, Verdict
from elegans.models._tanh import Tanh, tanh

REACH = 4.0  # initial weights and biases are U(-4, 4): nearly all units saturate, hence the patterns before training


class Generator(nn.Module):
    """x, y, r, latent and a number for the class through three tanh layers of 64 to one pixel, for every pixel."""

    def __init__(self, shape: Shape, classes: int, latent: int) -> None:
        super().__init__()
        self.shape, self.classes = shape, classes
        self.label = Label(max(classes, 1), 1)
        self.layers = _layers(3 + latent + 1, shape[0])
        nn.init.uniform_(self.label.weight, -REACH, REACH)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels, or without classes, all are of class 0."""
        return self.render(z, y, *self.shape[1:])

    def render(
        self,
        z: Float[Tensor, "n z"],
        y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None,
        height: int,
        width: int,
        rows: range | None = None,
    ) -> Float[Tensor, "n c h w"]:
        """The same images with `height` x `width` pixels, or only some of their rows."""
        rows = range(height) if rows is None else rows
        at = places(height, width, rows).to(z)
        image = torch.cat([z, _vectors(self.label, self.classes, z, y)], 1)
        told = torch.cat([at.expand(len(z), -1, -1), image.unsqueeze(1).expand(-1, len(at), -1)], 2)
        pixels: Tensor = tanh(self.layers(told))
        return pixels.transpose(1, 2).reshape(len(z), -1, len(rows), width)


class Discriminator(nn.Module):
    """x, y, r, one pixel and a vector for the class through three tanh layers of 64 to a score.

    In training an image is judged by one of its pixels, drawn at random, which is the original's batch of pixels; in
    evaluation by the mean of all pixels' scores.
    """

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.label = Label(max(classes, 1), 10)
        self.layers = _layers(3 + shape[0] + 10, 1)
        nn.init.normal_(self.label.weight, std=0.05)

    def forward(self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | None = None) -> Verdict:
        """A score each; without labels as of class 0."""
        n, _, h, w = x.shape
        at, pixels = places(h, w, range(h)).to(x), x.flatten(2).transpose(1, 2)
        label = _vectors(self.label, self.classes, x, y)
        if self.training:
            drawn = torch.randint(h * w, (n,), device=x.device)
            told = torch.cat([at[drawn], pixels[torch.arange(n, device=x.device), drawn], label], 1)
            return Verdict(self.layers(told).squeeze(1))
        told = torch.cat([at.expand(n, -1, -1), pixels, label.unsqueeze(1).expand(-1, h * w, -1)], 2)
        return Verdict(self.layers(told).mean((1, 2)))


def places(height: int, width: int, rows: range) -> Float[Tensor, "p 3"]:
    """x, y and r = sqrt(x² + y²) of every pixel in some rows, in reading order; the corners are at -1 and 1."""
    down, across = torch.linspace(-1, 1, height)[rows.start : rows.stop], torch.linspace(-1, 1, width)
    y, x = torch.meshgrid(down, across, indexing="ij")
    return torch.stack([x, y, (x.square() + y.square()).sqrt()], 2).flatten(0, 1)


def _vectors(label: Label, classes: int, like: Tensor, y: Tensor | None) -> Tensor:
    if y is None or not classes:
        y = torch.zeros(len(like), dtype=torch.long, device=like.device)
    vectors: Tensor = label(y.clamp(min=0))
    return vectors


def _layers(inputs: int, outputs: int) -> nn.Sequential:
    first, second, third = nn.Linear(inputs, 64), nn.Linear(64, 64), nn.Linear(64, 64)
    for layer in (first, second, third):
        nn.init.uniform_(layer.weight, -REACH, REACH)
        nn.init.uniform_(layer.bias, -REACH, REACH)
    last = nn.Linear(64, outputs)
    nn.init.xavier_uniform_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(first, Tanh(), second, Tanh(), third, Tanh(), last)


def build(shape: Shape, classes: int, latent: int) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: number of classes; 0: all images are of one.
        latent: latent dimensions.
    """
    return {"generator": Generator(shape, classes, latent), "discriminator": Discriminator(shape, classes)}
