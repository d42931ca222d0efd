"""The way back: the latent, and the class, of which a trained generator makes an image."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from elegans import seeds
from elegans.data._pixels import decode
from elegans.errors import RequestError
from elegans.explore import Model
from elegans.images import Bytes
from elegans.methods.autoencoder import Generator as Decoder

_DRAWN = 64  # latents of each class looked at, of which
_STARTS = 4  # the nearest are followed
_RATE = 0.1  # Adam's, falling to 0 as a cosine
_NOISE = 0.05  # of a pixel in [-1, 1]: the larger, the more a usual latent counts against a near image


@dataclass(frozen=True)
class Inversion:
    """What was found for an image.

    Attributes:
        z: the latent [z].
        label: its class; -1 where the model has none.
        target: the image, uint8 [h, w, c].
        images: the generator's on the way from the start to the latent, uint8 [steps + 1, h, w, c].
        errors: root mean square difference of each to the target, of 255, [steps + 1].
    """

    z: Float[Tensor, " z"]
    label: int
    target: Bytes
    images: Bytes
    errors: NDArray[np.float64]


def invert(model: Model, image: Bytes, *, label: int | None = None, steps: int = 200, seed: int = 0) -> Inversion:
    """The latent of an image by gradient descent (Zhu et al. 2016, arXiv:1609.03552, section 3; gandlf's reversing).

    Of latents drawn at random the nearest in pixels are followed by Adam, and the best at the end is kept; if there
    are classes and none is asked for, so it goes for each class, and the best class is kept. An autoencoder begins at
    its own code for the image too. What is made small is |G(z) - x|² / 2σ² - log p(z): the latent is the likeliest
    one if pixels carry a little Gaussian noise. Latents of a bounded distribution stay within its bounds.

    Args:
        model: from `elegans.load`.
        image: uint8 [h, w, c] of the size the model makes.
        label: the class it is taken for; None: all are tried.
        steps: of the descent.
        seed: of the latents drawn; the same gives the same latent.

    Raises:
        RequestError: an image of another size, a label the model does not have, or less than one step.
    """
    if image.shape != (expected := _size(model)):
        raise RequestError(f"the image is {_text(image.shape)} and the model's are {_text(expected)}")
    if steps < 1:
        raise RequestError(f"--steps {steps}: at least one")
    target = torch.from_numpy(image.transpose(2, 0, 1).copy()).float().div(127.5).sub(1).unsqueeze(0)
    z, y = _starts(model, target, label, seed)
    z, way = z.requires_grad_(), [z.detach().clone()]
    adam = torch.optim.Adam([z], _RATE)
    for step in range(steps):
        adam.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / steps)) / 2
        (z.grad,) = torch.autograd.grad(_cost(model, z, y, target).sum(), z)
        adam.step()
        _bound(model, z)
        way.append(z.detach().clone())
    best = int(_cost(model, way[-1], y, target).argmin())
    found = torch.stack(way)[:, best]
    chosen = None if y is None else y[best].expand(len(found))
    images = model.generate(found, chosen)
    errors = np.sqrt(np.square(images.astype(np.float64) - image).mean((1, 2, 3)))
    return Inversion(found[-1], -1 if y is None else int(y[best]), image, images, errors)


def read(file: Path, model: Model) -> Bytes:
    """An image file of any size and kind, cut and scaled to what the model makes: uint8 [h, w, c].

    Raises:
        RequestError: no such file, or no image.
    """
    height, width, channels = _size(model)
    try:
        square = decode(file.read_bytes(), max(height, width), 1 if channels == 1 else 3)
    except OSError as error:
        raise RequestError(f"{file} cannot be read: {error.strerror or 'it is no image'}") from None
    except Exception as error:  # the decoders of a dozen formats have their own
        raise RequestError(f"{file} cannot be read: {error}") from None
    top, left = (max(height, width) - height) // 2, (max(height, width) - width) // 2
    return np.ascontiguousarray(square[:, top : top + height, left : left + width].transpose(1, 2, 0))


def negative(model: Model, image: Bytes, seed: int = 0) -> bool:
    """Whether an image seems to have black and white exchanged: its negative is much nearer to what the model makes."""
    made = model.sample(256, seed=seed).astype(np.float64)
    distances = [np.square(made - one).mean((1, 2, 3)).min() for one in (image, 255.0 - image)]
    return bool(distances[1] < 0.5 * distances[0])


@torch.no_grad()
def _starts(model: Model, target: Tensor, label: int | None, seed: int) -> tuple[Tensor, Tensor | None]:
    """Where to begin: the nearest of some random latents for each class, and an autoencoder's code."""
    given = None if label is None else model.labels(1, label)
    drawn = seeds.latents(_DRAWN, model.config.latent, seed, 0, "invert")
    if isinstance(model.generator, Decoder):
        code = model.networks["encoder"](target).mean
        own = (code - model.generator.mean) @ torch.linalg.pinv(model.generator.root, rtol=1e-3)
        drawn = torch.cat([own, drawn])
    if not model.classes:
        return drawn[_cost(model, drawn, None, target).topk(_STARTS, largest=False).indices], None
    starts, labels = [], []
    for k in range(model.classes) if given is None else given:
        y = torch.full((len(drawn),), int(k))
        starts.append(drawn[_cost(model, drawn, y, target).topk(_STARTS, largest=False).indices])
        labels.append(y[:_STARTS])
    return torch.cat(starts), torch.cat(labels)


def _cost(model: Model, z: Tensor, y: Tensor | None, target: Tensor) -> Float[Tensor, " n"]:
    """Minus the logarithm of the probability of latent and image, but for a constant."""
    apart = (model.generator(z, y=y) - target).square().flatten(1).sum(1) / (2 * _NOISE**2)
    normal = model.config.latent.distribution == "normal"
    cost: Tensor = apart + z.square().sum(1) / 2 if normal else apart
    return cost


@torch.no_grad()
def _bound(model: Model, z: Tensor) -> None:
    """Bring latents back to where their distribution is."""
    if model.config.latent.distribution != "normal":
        z.clamp_(0 if model.config.latent.distribution == "unit" else -1, 1)


def _size(model: Model) -> tuple[int, int, int]:
    assert model.config.model.shape is not None
    channels, height, width = model.config.model.shape
    return height, width, channels


def _text(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, size))
