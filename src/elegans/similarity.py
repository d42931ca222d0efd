"""How alike two vectors are, and a layer that tells a discriminator how alike the samples of a batch are.

A generator that has collapsed makes samples that resemble each other more than real ones do. Minibatch discrimination
(Salimans et al. 2016, arXiv:1606.03498, section 3.2) lets the discriminator see that, by comparing all pairs of a
batch; here each sample meets a few random partners, which takes time linear in the batch.

All measures take two batches of vectors [n, d] and give a number [n], the larger the more alike. `gamma` is the
inverse width; None is 1 / d, with which features of size one neither vanish nor saturate, however many they are.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elegans.errors import RequestError, nearest

Vectors = Float[Tensor, "n d"]
Numbers = Float[Tensor, " n"]


def l1(x: Vectors, y: Vectors) -> Numbers:
    """-Σ|x - y|, at most 0."""
    return -(x - y).abs().sum(1)


def l2(x: Vectors, y: Vectors) -> Numbers:
    """-|x - y|², at most 0."""
    return -(x - y).square().sum(1)


def exp_l1(x: Vectors, y: Vectors, gamma: float | None = None) -> Numbers:
    """exp(-γ Σ|x - y|), the Laplacian kernel: from 0 to 1, which is reached at x = y."""
    return (_width(x, gamma) * l1(x, y)).exp()


def exp_l2(x: Vectors, y: Vectors, gamma: float | None = None) -> Numbers:
    """exp(-γ |x - y|²), the Gaussian kernel: from 0 to 1, which is reached at x = y."""
    return (_width(x, gamma) * l2(x, y)).exp()


def cosine(x: Vectors, y: Vectors) -> Numbers:
    """x·y / |x| |y|, from -1 to 1; 0 where one of them is 0."""
    return (x * y).sum(1) / (_root(x.square().sum(1), 1.0) * _root(y.square().sum(1), 1.0))


def sigmoid(x: Vectors, y: Vectors, gamma: float | None = None, c: float = 1.0) -> Numbers:
    """1 / (1 + exp(-γ (x·y + c))), between 0 and 1; what is alike is not only near but also long."""
    return torch.sigmoid(_width(x, gamma) * ((x * y).sum(1) + c))


def euclidean(x: Vectors, y: Vectors) -> Numbers:
    """1 / (1 + |x - y|), above 0 and at most 1, which is reached at x = y; there its gradient counts as 0."""
    return 1 / (1 + _root((x - y).square().sum(1), 0.0))


def geometric(x: Vectors, y: Vectors, gamma: float | None = None, c: float = 1.0) -> Numbers:
    """GESD, Feng et al. 2015 (arXiv:1508.01585): `euclidean` times `sigmoid`, between 0 and 1."""
    return euclidean(x, y) * sigmoid(x, y, gamma, c)


def arithmetic(x: Vectors, y: Vectors, gamma: float | None = None, c: float = 1.0) -> Numbers:
    """AESD, of the same authors: the mean of `euclidean` and `sigmoid`, between 0 and 1."""
    return (euclidean(x, y) + sigmoid(x, y, gamma, c)) / 2


def _root(square: Tensor, of_zero: float) -> Tensor:
    """The square root, with a gradient of 0 at 0, where it would be infinite."""
    return torch.where(square > 0, torch.where(square > 0, square, 1.0).sqrt(), of_zero)


def _width(x: Tensor, gamma: float | None) -> float:
    return 1 / x.shape[1] if gamma is None else gamma


MEASURES = {f.__name__: f for f in (l1, l2, exp_l1, exp_l2, cosine, sigmoid, euclidean, geometric, arithmetic)}
MEASURES |= {"rbf": exp_l2, "gesd": geometric, "aesd": arithmetic}  # what else they are called


class BatchSimilarity(nn.Module):
    """Features [n, d] with one more column a measure, [n, d + m]: a sample's mean similarity to its partners.

    In training the partners are drawn from torch's global generator: never the sample itself, no one twice, all others
    equally likely. In evaluation they are the next ones of the batch.

    Args:
        measures: names of functions above.
        partners: how many each sample has; in a batch of n at most n - 1, and one sample alone is its own partner.

    Raises:
        RequestError: an unknown measure; the message has the nearest one.
    """

    couples_samples = True

    def __init__(self, measures: Sequence[str], partners: int = 1) -> None:
        super().__init__()
        for measure in measures:
            if measure not in MEASURES:
                raise RequestError(f"there is no similarity {measure!r}{nearest(measure, sorted(MEASURES))}")
        self.measures, self.partners = [MEASURES[measure] for measure in measures], partners

    def forward(self, x: Vectors) -> Float[Tensor, "n d_and_m"]:
        """The features, and how alike they are."""
        n = len(x)
        order = torch.randperm(n, device=x.device) if self.training else torch.arange(n, device=x.device)
        place = order.argsort()
        met = [x[order[(place + k) % n]] for k in range(1, max(1, min(self.partners, n - 1)) + 1)]
        alike = [torch.stack([measure(x, other) for other in met]).mean(0) for measure in self.measures]
        return torch.cat([x, *(column.unsqueeze(1) for column in alike)], 1)
