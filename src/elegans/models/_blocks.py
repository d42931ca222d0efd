"""What networks of several families share."""

from typing import NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor, nn

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
        return y @ self.weight if y.is_floating_point() else super().forward(y)


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
