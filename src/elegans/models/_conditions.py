"""How a label enters a generator and leaves a discriminator."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans.models._blocks import Label, Verdict


class Product(nn.Module):
    """The latent times a vector for the class, elementwise, as in the Keras ACGAN; without classes the latent itself.

    Args:
        classes: how many; 0 for none.
        latent: latent dimensions.
        batch_norm: normalise the product.
    """

    def __init__(self, classes: int, latent: int, batch_norm: bool = False) -> None:
        super().__init__()
        self.label = Label(classes, latent) if classes else None
        if self.label is not None:
            nn.init.xavier_normal_(self.label.weight)
        # with the momentum and epsilon of the Keras original
        self.norm = nn.BatchNorm1d(latent, eps=1e-3, momentum=0.01) if batch_norm and classes else None

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n z"]:
        """A latent that knows its class; without labels all are of class 0."""
        if self.label is None:
            return z
        if y is None:
            y = torch.zeros(len(z), dtype=torch.long, device=z.device)
        z = z * self.label(y if y.is_floating_point() else y.clamp(min=0))
        return z if self.norm is None else self.norm(z)


class Head(nn.Module):
    """Features to a score and, with classes, their logits.

    Args:
        features: how many.
        classes: how many; 0 for none.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.score = nn.Linear(features, 1)
        self.classes = nn.Linear(features, classes) if classes else None

    def forward(self, x: Float[Tensor, "n d"]) -> Verdict:
        """What a discriminator says."""
        return Verdict(self.score(x).squeeze(1), None if self.classes is None else self.classes(x))
