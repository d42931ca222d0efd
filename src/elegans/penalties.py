"""Penalties on the discriminator's gradient with respect to its images. Each is a scalar to add to its loss."""

from collections.abc import Callable

import torch
from jaxtyping import Float
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
