"""Adversarial losses, side by side: what the discriminator minimises, and what the generator minimises.

All take scores of rank 1 (logits, any real number, high = real) and return the mean over the batch. Each loss is a
pair; `name` in a recipe is the pair's name. A pair is `paired` when the generator's loss needs the real scores too.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import relu, softplus

from elegans.errors import RequestError, nearest

Scores = Float[Tensor, " n"]
Loss = Float[Tensor, ""]


class Pair(NamedTuple):
    """A discriminator's loss `critic(real, fake)` and a generator's loss `player(real, fake)`.

    Attributes:
        boundary: the score between real and fake; None where a score means nothing by itself.
    """

    critic: Callable[..., Tensor]
    player: Callable[[Tensor, Tensor], Tensor]
    paired: bool = False
    boundary: float | None = 0.0


LEAST = 1e-12  # of the generator's gradient at a score, where the discriminator's is nothing
BOUNDARIES = {"least_squares": 0.5, "wasserstein": None, "relativistic": None}  # of the others it is 0


# Non-saturating, Goodfellow et al. 2014 (arXiv:1406.2661), section 3; softplus(-s) is -log sigmoid(s).
def non_saturating_critic(real: Scores, fake: Scores, smoothing: float = 0.0) -> Loss:
    """Binary cross-entropy; with smoothing e the real target is 1 - e (Salimans et al. 2016, section 3.4)."""
    return softplus(-real).mean() + smoothing * real.mean() + softplus(fake).mean()


def non_saturating_player(real: Scores, fake: Scores) -> Loss:
    """-log D(fake): the gradient stays large where the discriminator is sure."""
    return softplus(-fake).mean()


# Minimax, Goodfellow et al. 2014, equation 1: one value function, for and against.
minimax_critic = non_saturating_critic


def minimax_player(real: Scores, fake: Scores) -> Loss:
    """log(1 - D(fake)): saturates where the discriminator is sure."""
    return -softplus(fake).mean()


# Least squares, Mao et al. 2017 (arXiv:1611.04076), equation 9.
def least_squares_critic(real: Scores, fake: Scores, smoothing: float = 0.0) -> Loss:
    """Half the squared distance to the targets 1 (less the smoothing) and 0."""
    return 0.5 * (real - (1 - smoothing)).square().mean() + 0.5 * fake.square().mean()


def least_squares_player(real: Scores, fake: Scores) -> Loss:
    """Half the squared distance of the fakes to the target 1."""
    return 0.5 * (fake - 1).square().mean()


# Hinge, Lim & Ye 2017 (arXiv:1705.02894); Miyato et al. 2018 (arXiv:1802.05957), equations 16 and 17.
def hinge_critic(real: Scores, fake: Scores) -> Loss:
    """Scores beyond the margins 1 and -1 have no gradient."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def hinge_player(real: Scores, fake: Scores) -> Loss:
    """Minus the score."""
    return -fake.mean()


# Wasserstein, Arjovsky et al. 2017 (arXiv:1701.07875), equation 2; needs a penalty or spectral norm.
def wasserstein_critic(real: Scores, fake: Scores) -> Loss:
    """Minus the estimated distance."""
    return fake.mean() - real.mean()


wasserstein_player = hinge_player


# Relativistic pairing, Jolicoeur-Martineau 2018 (arXiv:1807.00734), equation 4; with R1 and R2 it is R3GAN
# (Huang et al. 2024, arXiv:2501.05441). Real and fake of one place in the batch are compared.
def relativistic_critic(real: Scores, fake: Scores) -> Loss:
    """The real one should score higher than the fake."""
    return softplus(fake - real).mean()


def relativistic_player(real: Scores, fake: Scores) -> Loss:
    """The fake one should score higher than the real."""
    return softplus(real - fake).mean()


def names() -> list[str]:
    """The names of all pairs in this file."""
    return sorted(name.removesuffix("_critic") for name in globals() if name.endswith("_critic"))


def find(name: str, smoothing: float = 0.0) -> Pair:
    """The pair of that name.

    Raises:
        RequestError: no such pair, or label smoothing asked of a loss that has no targets to smooth.
    """
    key = name.replace("-", "_")
    if key not in names():
        raise RequestError(f"there is no loss {name!r}{nearest(name, names())}")
    critic, player = globals()[f"{key}_critic"], globals()[f"{key}_player"]
    boundary = BOUNDARIES.get(key, 0.0)
    if smoothing:
        if "smoothing" not in critic.__annotations__:
            raise RequestError(f"gan.smoothing = {smoothing}: the loss {name!r} has no targets to smooth; set it to 0")
        return Pair(lambda real, fake: critic(real, fake, smoothing), player, boundary=boundary)
    return Pair(critic, player, paired=key == "relativistic", boundary=boundary)


def gradient_ratio(critic: Loss, player: Loss, fake: Scores) -> tuple[Scores, Scores]:
    """Per sample, the generator's gradient at the fake score over the discriminator's, which may have to be lifted.

    With it one backward pass through the discriminator serves both players: both losses begin at the fake score, so
    their gradients at a fake image differ by this number only (the idea of "Training GANs in One Stage", Shen et al.
    2021, arXiv:2103.00430, with the exact ratio; for the non-saturating loss it is -exp(-fake)).
    A sample whose discriminator gradient is zero or nearly so, as beyond the hinge, has none. Its gradient is lifted to
    a millionth of a millionth of the generator's, which no sum in single precision notices.

    Args:
        critic: what the discriminator minimises.
        player: what the generator minimises.
        fake: the scores of generated images that both were computed from.

    Returns:
        The ratio, and what is to be added to the discriminator's gradient at the score.
    """
    (at_critic,), (at_player,) = (torch.autograd.grad(loss, fake, retain_graph=True) for loss in (critic, player))
    enough = torch.copysign(torch.maximum(at_critic.abs(), LEAST * at_player.abs()), at_critic)
    return torch.where(at_player == 0, at_player, at_player / enough), enough - at_critic
