"""What a trained autoencoder makes of images: their codes, what comes back, and by how much it is off."""

import math
from collections.abc import Iterator
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from elegans import parallel, seeds
from elegans.config import Config
from elegans.errors import RequestError
from elegans.images import Bytes, sheet
from elegans.methods.autoencoder import corrupted, drawn, losses, to_images
from elegans.models._codes import Code
from elegans.splits import held_out, images_of
from elegans.tensors import from_bytes, to_bytes

BLOCK = 256  # images at a time: memory stays flat, and what is drawn for the first n images is the same for every n
TILE = 84  # pixels of an image's side in a figure, about


@runtime_checkable
class Trained(Protocol):
    """What is needed of a loaded run: `explore.Model` has it."""

    config: Config
    networks: dict[str, nn.Module]


def encode(model: Trained, images: Bytes) -> NDArray[np.float32]:
    """The codes of images, float32 [n, d]; of a variational autoencoder, their means.

    Args:
        model: a run of an autoencoder, loaded.
        images: uint8 [n, h, w, c], of the shape it was trained on.

    Raises:
        RequestError: a model without an encoder, or images of another shape or type.
    """
    encoder, _ = _pair(model)
    blocks = [encoder(block).mean.numpy() for block in _blocks(model, images)]
    return np.concatenate(blocks)


def variational(model: Trained) -> bool:
    """Whether its codes are Gaussians, as the encoder gives variances.

    Raises:
        RequestError: a model without an encoder.
    """
    encoder, _ = _pair(model)
    shape = model.config.model.shape
    assert shape is not None
    code: Code = encoder(torch.zeros(1, *shape))
    return code.log_variance is not None


def reconstruct(model: Trained, images: Bytes) -> Bytes:
    """Images through the encoder and the decoder, uint8 [n, h, w, c]; noisy ones come back without noise if it learnt
    that. They are decoded from `encode`'s codes: nothing is drawn.

    Args:
        model: a run of an autoencoder, loaded.
        images: uint8 [n, h, w, c], of the shape it was trained on.

    Raises:
        RequestError: a model without an encoder, or images of another shape or type.
    """
    encoder, decoder = _pair(model)
    return np.concatenate([to_bytes(to_images(decoder(encoder(x).mean))) for x in _blocks(model, images)])


def inputs(model: Trained, images: Bytes, seed: int = 0) -> Bytes:
    """Images as the encoder saw those of the training: with the recipe's noise, uint8 [n, h, w, c].

    Args:
        model: a run of an autoencoder, loaded.
        images: uint8 [n, h, w, c], of the shape it was trained on.
        seed: of the noise.

    Raises:
        RequestError: images of another shape or type.
    """
    return np.concatenate([to_bytes(seen) for _, seen in _seen(model, images, seed)])


def measure(model: Trained, images: Bytes, seed: int = 0) -> dict[str, float]:
    """How well images are reconstructed: means over them.

    Args:
        model: a run of an autoencoder, loaded.
        images: uint8 [n, h, w, c], of the shape it was trained on.
        seed: of the noise on them and of Gaussian codes.

    Returns:
        The losses of the training by its names, in nats (see `methods.autoencoder.losses`), with noise and codes drawn
        as in training; and `psnr`, in decibel: 10 log10(1 / the mean squared error over all pixels, which are in
        [0, 1]) of the reconstructions, which are not drawn. Where the encoder sees noise, `noisy_psnr` is that of its
        inputs. An error of 0 is infinitely many decibels.

    Raises:
        RequestError: a model without an encoder, or images of another shape or type.
    """
    encoder, decoder = _pair(model)
    totals: dict[str, float] = {}
    for number, (clean, seen) in enumerate(_seen(model, images, seed)):
        code = encoder(seen)
        draw = seeds.generator(seed, number, "measured codes")
        unit = None if code.log_variance is None else parallel.normal(code.mean.shape, draw)
        logits = decoder(drawn(code, unit))
        of_block = losses(code, logits, clean, model.config.autoencoder.beta)
        still = logits if code.log_variance is None else decoder(code.mean)
        of_block |= {"psnr": _squared_error(to_images(still), clean)}
        of_block |= {"noisy_psnr": _squared_error(seen, clean)} if model.config.autoencoder.noise else {}
        for name, values in of_block.items():
            totals[name] = totals.get(name, 0.0) + values.double().sum().item()
    means = {name: total / len(images) for name, total in totals.items()}
    return {name: _decibel(mean) if name.endswith("psnr") else mean for name, mean in means.items()}


def importance_weighted(model: Trained, images: Bytes, seed: int = 0, k: int = 64) -> float:
    """A tighter bound on -log p(x) than the loss of a variational autoencoder, in nats: the mean over the images.

    -log of the mean of p(x, z) / q(z | x) over k codes z that are drawn from q (Burda et al. 2016, arXiv:1509.00519,
    equation 8). With k = 1 it is the negative evidence lower bound as drawn; it falls towards -log p(x) as k grows, and
    how near it comes depends on the encoder. Pixels count as in the loss, with cross-entropy at values in [0, 1].

    Args:
        model: a run of a variational autoencoder, loaded.
        images: uint8 [n, h, w, c], of the shape it was trained on.
        seed: of the codes.
        k: codes an image.

    Raises:
        RequestError: a model without an encoder or whose codes are no Gaussians, or images of another shape or type.
    """
    encoder, decoder = _pair(model)
    total = 0.0
    for number, (clean, seen) in enumerate(_seen(model, images, seed)):
        code = encoder(seen)
        if code.log_variance is None:
            raise RequestError(f"the codes of {model.config.recipe!r} are no Gaussians: there is no bound on log p(x)")
        logs = []
        for i in range(k):
            z = drawn(code, parallel.normal(code.mean.shape, seeds.generator(seed, number, f"weighted codes {i}")))
            away = (z - code.mean).square() / code.log_variance.exp() + code.log_variance - z.square()
            logs.append(away.double().sum(1) / 2 - losses(code, decoder(z), clean)["reconstruction_loss"].double())
        total -= (torch.stack(logs).logsumexp(0) - math.log(k)).sum().item()
    return total / len(images)


def figure(rows: list[Bytes], codes: NDArray[np.float32], maps: tuple[int, int, int] | None = None) -> Bytes:
    """Images above their reconstructions above their codes, uint8 [H, W, c].

    Args:
        rows: uint8 [n, h, w, c] each: the originals, what the encoder saw if that is not the same, what came back.
        codes: float [n, d]; each is drawn as a rectangle of d fields, row by row, from black for the smallest number
            of all to white for the largest.
        maps: how many maps a code is, and their height and width, if it is maps; they stay whole, side by side.
    """
    n, height, width, channels = rows[0].shape
    scale = max(1, round(TILE / height))
    images = np.concatenate(rows).repeat(scale, 1).repeat(scale, 2)
    return sheet(np.concatenate([images, _drawn(codes, maps, height * scale, width * scale, channels)]), n, gap=4)


def split(config: Config, wanted: Literal["train", "test"] = "test") -> tuple[Bytes, NDArray[np.int64], str]:
    """The images of a run's data set, uint8 [n, h, w, c], their labels, int64 [n], and which ones they are.

    Args:
        config: of the run.
        wanted: `test`, or `train`; a data set that is not divided gives all its images, which are those of the
            training, whatever is wanted.

    Raises:
        RequestError: the images have another shape than those of the training.
        Failure: a file or a download.
    """
    images, labels = images_of(config.data, wanted)
    if config.model.shape not in (None, tuple(images.shape[1:])):
        raise RequestError(f"the images of {config.data.name!r} are {images.shape[1:]} now, not {config.model.shape}")
    which = wanted if held_out(config.data) else "training"
    return images.transpose(0, 2, 3, 1), labels, f"{len(images):,} {which} images of {config.data.name}"


# --- the parts --------------------------------------------------------------------------------------------------------


def _pair(model: Trained) -> tuple[nn.Module, nn.Module]:
    if "encoder" not in model.networks:
        raise RequestError(
            f"{model.config.recipe!r} is a {model.config.method}: it has no encoder. Train one that has: "
            "elegans train autoencoder"
        )
    return model.networks["encoder"], model.networks["decoder"]


def _blocks(model: Trained, images: Bytes) -> Iterator[Float[Tensor, "n c h w"]]:
    """As the networks take them, in [-1, 1]; what is wrong with them is said at once."""
    assert model.config.model.shape is not None
    channels, height, width = model.config.model.shape
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (height, width, channels) or not len(images):
        raise RequestError(
            f"images are {images.dtype} {list(images.shape)}; "
            f"this model takes uint8 [n, {height}, {width}, {channels}], at least one"
        )
    return (_floats(images[i : i + BLOCK]) for i in range(0, len(images), BLOCK))


def _floats(images: Bytes) -> Float[Tensor, "n c h w"]:
    return from_bytes(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))


def _seen(model: Trained, images: Bytes, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Blocks of images and of what the encoder sees of them."""
    strength = model.config.autoencoder.noise
    for i, block in enumerate(_blocks(model, images)):
        noise = parallel.normal(block.shape, seeds.generator(seed, i, "measured noise")) if strength else None
        yield block, corrupted(block, strength, noise)


def _squared_error(a: Float[Tensor, "n c h w"], b: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """The mean over the pixels of each image, in [0, 1]."""
    return (a - b).div(2).square().flatten(1).mean(1)


def _decibel(error: float) -> float:
    return -10 * math.log10(error) if error else math.inf


def _drawn(
    codes: NDArray[np.float32], maps: tuple[int, int, int] | None, height: int, width: int, channels: int
) -> Bytes:
    """Codes as pictures of that size: the maps of each, or its numbers, in the rectangle nearest to a square."""
    n, size = codes.shape
    count, tall, wide = maps or (size, 1, 1)
    rows = max(k for k in range(1, math.isqrt(count) + 1) if count % k == 0)
    low, high = codes.min(), codes.max()
    grey = np.rint((codes - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    grey = grey.reshape(n, rows, count // rows, tall, wide).swapaxes(2, 3).reshape(n, rows * tall, -1)
    field = max(1, min(height // grey.shape[1], width // grey.shape[2]))
    large = grey.repeat(field, 1).repeat(field, 2)[:, :height, :width]
    canvas = np.zeros((n, height, width, channels), np.uint8)
    top, left = (height - large.shape[1]) // 2, (width - large.shape[2]) // 2
    canvas[:, top : top + large.shape[1], left : left + large.shape[2]] = large[..., None]
    return canvas
