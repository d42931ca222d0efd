"""Penalties: on the discriminator's gradient with respect to its images, and on generated images that are too alike.

Each is a scalar to add to a loss.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Images = Float[Tensor, "n c h w"]
Critic = Callable[[Tensor], Tensor]  # images [n, c, h, w] -> scores [n]
Penalty = Float[Tensor, ""]


def _gradient(critic: Critic, images: Tensor) -> Float[Tensor, "n d"]:
    images = images.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
    return gradient.flatten(1)


def squared_gradient(critic: Critic, images: Images) -> Penalty:
    """R1 on real images, R2 on generated ones: half the mean squared norm (Mescheder et al. 2018, arXiv:1801.04406,
    equations 9 and 10)."""
    return 0.5 * _gradient(critic, images).square().sum(1).mean()


def gradient_penalty(critic: Critic, real: Images, fake: Images, at: Float[Tensor, " n"]) -> Penalty:
    """WGAN-GP: the norm should be 1 between real and fake (Gulrajani et al. 2017, arXiv:1704.00028, equation 3).

    Args:
        critic: images to scores.
        real: real images.
        fake: generated images.
        at: where between the two, from 0 (fake) to 1 (real), one number a sample.
    """
    share = at.view(-1, 1, 1, 1)
    norm = torch.linalg.vector_norm(_gradient(critic, share * real + (1 - share) * fake), dim=1)
    penalty: Tensor = (norm - 1).square().mean()
    return penalty


def spread(images: Images, labels: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
    """How far images are from the next one of their class in the batch: the mean Euclidean distance, at least 0.

    Images that have the class to themselves do not count; labels of -1 are one class.
    """
    n = len(labels)
    place = torch.arange(n, device=labels.device)
    steps = (place - place.unsqueeze(1) - 1) % n  # to each other image; the image itself is the farthest
    partner = torch.where(labels.unsqueeze(1) == labels, steps, n).argmin(1)
    apart = torch.linalg.vector_norm((images - images[partner]).flatten(1), dim=1)  # nothing from itself
    mean: Tensor = apart.sum() / (partner != place).sum().clamp(min=1)
    return mean


def lack_of_spread(
    real: Images, fake: Images, y: Int64[Tensor, " n"], fake_y: Int64[Tensor, " n"]
) -> Float[Tensor, ""]:
    """How much less the generated images of a class differ from each other than the real ones; at least 0.

    What a discriminator that sees one image at a time cannot tell: each image of a collapsed class may be good. Mode
    seeking (Mao et al. 2019, arXiv:1903.05628, equation 2) pushes generated images apart without an end; here the
    real ones of the batch say how far.
    """
    return torch.relu(spread(real, y) - spread(fake, fake_y))
