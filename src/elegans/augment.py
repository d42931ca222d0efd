"""Differentiable augmentation: what is done alike to real and generated images before the discriminator sees them.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", arXiv:2006.10738. Gradients pass, so
that the generator learns from augmented images and is not augmented itself. Each function takes and returns images
[n, c, h, w] in [-1, 1], and draws from torch's global generator one transformation an image.

Most images keep their side and their way up: if each were as likely as any other, a generator whose images all look to
the left would be as good as one that looks both ways, and training ends there (Karras et al. 2020, arXiv:2006.06676,
section 2.2; measured in docs/LOG.md).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from elegans.errors import RequestError, nearest

Images = Float[Tensor, "n c h w"]


def flip(images: Images) -> Images:
    """Left and right exchanged, in a quarter of the images."""
    swap = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.25
    return torch.where(swap, images.flip(3), images)


def shift(images: Images) -> Images:
    """Moved by up to an eighth of the size in each direction; what comes in repeats the border."""
    n, _, h, w = images.shape
    most_y, most_x = max(1, h // 8), max(1, w // 8)
    padded = pad(images, (most_x, most_x, most_y, most_y), mode="replicate")
    down = torch.randint(0, 2 * most_y + 1, (n, 1), device=images.device) + torch.arange(h, device=images.device)
    right = torch.randint(0, 2 * most_x + 1, (n, 1), device=images.device) + torch.arange(w, device=images.device)
    at = torch.arange(n, device=images.device).view(n, 1, 1)
    return padded.permute(0, 2, 3, 1)[at, down.unsqueeze(2), right.unsqueeze(1)].permute(0, 3, 1, 2)


def cutout(images: Images) -> Images:
    """A square of half the size, anywhere, set to grey."""
    n, _, h, w = images.shape
    top = torch.randint(-(h // 4), h - h // 4, (n, 1, 1, 1), device=images.device)
    left = torch.randint(-(w // 4), w - w // 4, (n, 1, 1, 1), device=images.device)
    y = torch.arange(h, device=images.device).view(1, 1, h, 1)
    x = torch.arange(w, device=images.device).view(1, 1, 1, w)
    inside = (y >= top) & (y < top + h // 2) & (x >= left) & (x < left + w // 2)
    return images.masked_fill(inside, 0.0)


def colour(images: Images) -> Images:
    """Brightness moved by up to a half of the range's half, saturation scaled by 0 to 2, contrast by 0.5 to 1.5."""
    shape = (len(images), 1, 1, 1)
    images = images + (torch.rand(shape, device=images.device) - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * torch.rand(shape, device=images.device))
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * (0.5 + torch.rand(shape, device=images.device))


def turn(images: Images) -> Images:
    """Half of the images turned by a quarter, a half or three quarters; for square images without an up and a down."""
    turns = torch.randint(0, 6, (len(images), 1, 1, 1), device=images.device)  # 0, 4 and 5: as they are
    turned = images
    for k in (1, 2, 3):
        turned = torch.where(turns == k, images.rot90(k, (2, 3)), turned)
    return turned


KINDS = {function.__name__: function for function in (flip, shift, cutout, colour, turn)}


def augment(images: Images, kinds: Sequence[str]) -> Images:
    """All of `kinds`, one after the other."""
    for kind in kinds:
        images = KINDS[kind](images)
    return images


def check(kinds: Sequence[str]) -> None:
    """Refuse what is not here.

    Raises:
        RequestError: an unknown kind; the message has the nearest one.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise RequestError(f"gan.augment: there is no {kind!r}{nearest(kind, sorted(KINDS))}")
