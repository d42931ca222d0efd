"""What networks of several families share."""

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import embedding

Shape = tuple[int, int, int]  # channels, height, width


class Verdict(NamedTuple):
    """What a discriminator says of n images: a score each (rank 1, high = real) and, if it has a head for them,
    class logits."""

    score: Float[Tensor, " n"]
    classes: Float[Tensor, "n k"] | None = None


class Label(nn.Embedding):
    """A vector for each class; for shares of several classes (a row of floats) the mixture of theirs."""

    def forward(self, y: Int64[Tensor, " n"] | Float[Tensor, "n k"]) -> Float[Tensor, "n d"]:
        """One vector a label."""
        return torch.matmul(y, self.weight) if y.is_floating_point() else super().forward(y)


class Mapping(nn.Module):
    """Latent and label to one code, by two layers with batch norm (after the mapping of Karras et al. 2019,
    arXiv:1812.04948). For generators that have no batch norm of their own.

    The label speaks a fifth as loud as the latent: with equal voices the latent is soon ignored, and a class is one
    image. And batch norm keeps the codes of a batch apart.

    Args:
        latent: latent dimensions.
        classes: number of classes; 0: none.
        width: values in a code.
    """

    QUIET = 0.2

    def __init__(self, latent: int, classes: int, width: int) -> None:
        super().__init__()
        self.classes, self.label = classes, Label(max(classes, 1), latent)
        sizes = [2 * latent, width, width]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n w"]:
        """A code each; without labels, or without classes, all are of class 0."""
        if y is None or not self.classes:
            y = torch.zeros(len(z), dtype=torch.long, device=z.device)
        code: Tensor = self.layers(torch.cat([z, self.QUIET * self.label(y.clamp(min=0))], 1))
        return code


class SpectralNorm(nn.Module):
    """A linear, convolutional or embedding layer whose weight is divided by its largest singular value, estimated by
    one power iteration a forward pass in training (Miyato et al. 2018, arXiv:1802.05957, algorithm 1).

    The same function and gradients as torch's `spectral_norm`, but of a linear layer the output is divided instead of
    the weight, which for a large one leaves out five passes over memory a step; of others the weight is smaller.
    """

    u: Tensor
    v: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d | nn.Embedding) -> None:
        super().__init__()
        self.layer, self.bias = layer, getattr(layer, "bias", None)
        if self.bias is not None:
            layer.bias = None  # it is not divided
        weight = layer.weight.detach().flatten(1)
        self.register_buffer("u", _unit(torch.randn(weight.shape[0])))
        self.register_buffer("v", _unit(torch.randn(weight.shape[1])))
        for _ in range(15):  # so that the estimate is good from the first step on
            self._iterate(weight)

    def forward(self, x: Tensor) -> Tensor:
        """What the layer would give with the normalised weight."""
        weight = self.layer.weight.flatten(1)
        u, v = self._iterate(weight.detach()) if self.training else (self.u, self.v)
        largest = torch.dot(u, weight.mv(v))
        if isinstance(self.layer, nn.Conv2d):
            convolved: Tensor = self.layer._conv_forward(x, self.layer.weight / largest, self.bias)
            return convolved
        if isinstance(self.layer, nn.Embedding):
            return embedding(x, self.layer.weight / largest)
        out: Tensor = self.layer(x) / largest
        return out if self.bias is None else out + self.bias

    def _iterate(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        u = _unit(weight.mv(self.v))
        v = _unit(weight.t().mv(u))
        self.u.copy_(u)
        self.v.copy_(v)
        return u, v  # gradients need those of their own pass, and there may be another one before they are taken


def _unit(v: Tensor) -> Tensor:
    """Of length one, in place: torch's `normalize` is five small operations where three will do."""
    return v.div_(torch.linalg.vector_norm(v).clamp_(min=1e-12))


def quarters(shape: Shape) -> tuple[int, int]:
    """A quarter of the height and of the width.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    _, height, width = shape
    if height % 4 or width % 4:
        raise ValueError(f"the sides of the images are multiples of 4 here, not {height} x {width}")
    return height // 4, width // 4


def halvings(shape: Shape) -> int:
    """How often both sides can be halved while they are even and longer than 4: 64 pixels 4 times, 28 twice.

    Raises:
        ValueError: a side that is not a multiple of 4.
    """
    quarters(shape)
    height, width = shape[1:]
    times = 0
    while (height >> times) % 2 == (width >> times) % 2 == 0 and min(height, width) >> times > 4:
        times += 1
    return times


def glorot_(network: nn.Module) -> nn.Module:
    """Weights of all linear and convolutional layers uniform as in Glorot & Bengio 2010, equation 16; biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return network


def normal_(network: nn.Module, std: float = 0.02) -> nn.Module:
    """Weights of all linear and convolutional layers N(0, std²) as in DCGAN (arXiv:1511.06434); biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return network
