"""The ACGAN of multilayer perceptrons, gandlf's `--lite`: two hidden layers of 512 on each side."""

from math import prod

from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans.models._blocks import Shape, Verdict, glorot_
from elegans.models._conditions import Head, Product
from elegans.models._dropout import Dropout, PermanentDropout
from elegans.models._products import Linear
from elegans.models._tanh import Tanh


class Generator(nn.Module):
    """The product of latent and label through two hidden layers, whose dropout stays on."""

    def __init__(self, shape: Shape, classes: int, latent: int, width: int, dropout: float, fresh: bool) -> None:
        super().__init__()
        self.shape, self.label = shape, Product(classes, latent, batch_norm=True)
        self.layers = nn.Sequential(
            Linear(latent, width),
            nn.LeakyReLU(0.3, inplace=True),
            PermanentDropout(width, dropout, fresh),
            Linear(width, width),
            nn.LeakyReLU(0.3, inplace=True),
            PermanentDropout(width, dropout, fresh),
            Linear(width, prod(shape)),
            Tanh(),
        )

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels all are of class 0."""
        images: Tensor = self.layers(self.label(z, y))
        return images.view(-1, *self.shape)


class Discriminator(nn.Module):
    """Two hidden layers with dropout, then a score and, with classes, their logits."""

    def __init__(self, shape: Shape, classes: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            Linear(prod(shape), width),
            Dropout(dropout),
            nn.LeakyReLU(0.3, inplace=True),
            Linear(width, width),
            Dropout(dropout),
            nn.LeakyReLU(0.3, inplace=True),
        )
        self.head = Head(width, classes)

    def forward(self, x: Float[Tensor, "n c h w"], y: Tensor | None = None) -> Verdict:
        """A score each, and class logits. The label is what it should find out: y is ignored."""
        verdict: Verdict = self.head(self.layers(x))
        return verdict


def build(
    shape: Shape, classes: int, latent: int, width: int = 512, dropout: float = 0.3, fresh: bool = False
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: number of classes; 0: no labels and no class head.
        latent: latent dimensions.
        width: units of each hidden layer.
        dropout: share of units dropped, in the generator also when it samples.
        fresh: sample with masks drawn anew, as the original, so that one latent gives many images; else with one mask.
    """
    return {
        "generator": glorot_(Generator(shape, classes, latent, width, dropout, fresh)),
        "discriminator": glorot_(Discriminator(shape, classes, width, dropout)),
    }
