"""How good a model is: every metric, what it was measured on, and the floor, which is the same metric of real images.

A number without its card means little: extractor, split, counts and resizing each change a Fréchet distance by more
than most papers gain (Parmar et al. 2022, arXiv:2104.11222).
"""

import time
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from elegans import find, reconstruct
from elegans.config import Config, Data
from elegans.data import _pictures
from elegans.errors import RequestError
from elegans.explore import Labels, Model, Step, of_state
from elegans.explore import load as load_run
from elegans.find import Recipe
from elegans.images import Bytes
from elegans.methods._state import State
from elegans.networks import networks
from elegans.reference import MOST, Card, quick, reference
from elegans.run import Run
from elegans.splits import images_of
from elegans.ssim import ssim

QUICK = 2_000  # of both, in training


def evaluate(
    run: str | Path | Run,
    *,
    n: int = MOST,
    seed: int = 0,
    step: Step = None,
    raw: bool = False,
    recipe: str | Path | Recipe | None = None,
    inception: Path | None = None,
) -> Card:
    """The card of a trained run: n images, all classes in turn where there are some, against real ones.

    Args:
        run: the run or its folder.
        n: how many images to generate.
        seed: of what is drawn.
        step: as in `explore.load`; where none is asked for and another step was better in training, the card has its
            metrics as `best`, too.
        raw: as in `explore.load`.
        recipe: as in `explore.load`.
        inception: as in `card`.

    Returns:
        Plain values, as for `card`; of an autoencoder also its `reconstruction` of held-out images.

    Raises:
        RequestError: no such run or checkpoint, or fewer images than a metric needs.
        Failure: a file or a download.
    """
    run = run if isinstance(run, Run) else Run(run)
    began, model = time.perf_counter(), load_run(run, step=step, raw=raw, recipe=recipe)
    against = reference(model.config.data, n, seed, inception)
    made = against.card(*_samples(model, n, seed))
    if step is None and (best := run.best()) not in (None, model.step):
        of_best = against.see(*_samples(load_run(run, step=best, raw=raw, recipe=recipe), n, seed))
        made["best"] = {"step": best, "metrics": against.measure(of_best, against.train)}
    seen = [record for record in run.records() if record["step"] <= model.step]
    about: Card = {
        "recipe": run.config.recipe,
        "step": model.step,
        "weights": "as they are" if raw else "averaged",
        "training": {"seed": run.config.seed, **{name: seen[-1][name] for name in ("images", "seconds") if seen}},
        "parameters": {name: sum(p.numel() for p in net.parameters()) for name, net in model.networks.items()},
    }
    if "encoder" in model.networks:
        about["reconstruction"] = _reconstruction(model, seed)
    return about | made | {"seconds": round(time.perf_counter() - began, 1)}


def judge(config: Config, recipe: Recipe) -> Callable[[State, int], dict[str, float]]:
    """What measures a state while it trains: all metrics but those of memory, on 2,000 images and as many real ones.

    Fewer images than on a card, so that it takes seconds; the numbers compare moments of one run, nothing else.

    Raises:
        RequestError: there is no extractor for the data set.
        Failure: a file or a download.
    """
    against = quick(config.data, QUICK)

    def measured(state: State, step: int) -> dict[str, float]:
        model = of_state(config, networks(config, recipe), state, step)
        return against.measure(against.see(*_samples(model, QUICK, 0)))

    return measured


def card(
    images: Bytes, labels: NDArray[np.int64] | None, data: Data, *, seed: int = 0, inception: Path | None = None
) -> Card:
    """The card of images from anywhere.

    Args:
        images: uint8 [n, h, w, c], of the shape of the data set.
        labels: int64 [n], the class each was asked for; None where there are none.
        data: the data set they are to be like.
        seed: of the choice of real images.
        inception: the weights file of Inception, which then takes the place of the extractor that is shipped.

    Returns:
        Plain values: `metrics` and `floor` by name, `confusion` (a row a class asked for, a column a class seen) where
        the extractor knows the classes, and what they were measured on and with.

    Raises:
        RequestError: images of another shape, or fewer than a metric needs.
        Failure: a file or a download.
    """
    return reference(data, len(images), seed, inception).card(images, labels)


def read(path: Path, data: Data) -> tuple[Bytes, NDArray[np.int64] | None]:
    """Images that any program made, uint8 [n, h, w, c], and the class each was asked for, where that is known.

    Args:
        path: a .npz as `elegans sample` writes it, or a folder or zip of pictures, whose subfolders are classes.
        data: the data set they are to be like.

    Raises:
        RequestError: no such file, or it holds something else; pictures of another size, or coloured where grey is
            wanted: what scaled them would be measured, too.
        Failure: pictures that cannot be read.
    """
    find.find("data", data.name)  # complains before the images are read
    if path.suffix != ".npz":
        c, h, _ = images_of(data, "test")[0].shape[1:]
        pictures, classes = _pictures.load(str(path), h, c, skip_broken=False, exact=True)
        return pictures.transpose(0, 2, 3, 1), classes if (classes >= 0).all() else None
    try:
        with path.open("rb") as archive:  # numpy's own context would not do for a .npy of another name
            file = np.load(archive, allow_pickle=False)
            images, labels = file["images"], file.get("labels")
    except (OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, BadZipFile) as error:
        raise RequestError(f"{path} holds no array `images`: {error}") from None
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise RequestError(f"`images` in {path} is {images.dtype} {list(images.shape)}, not uint8 [n, h, w, c]")
    if labels is not None and not np.issubdtype(labels.dtype, np.number):
        raise RequestError(f"`labels` in {path} are {labels.dtype}, not the numbers of classes")
    if labels is not None and labels.shape != images.shape[:1]:
        raise RequestError(f"`labels` in {path} is {list(labels.shape)}, not one for each of {len(images)} images")
    return images, None if labels is None or (labels < 0).any() else labels.astype(np.int64)


def _samples(model: Model, n: int, seed: int) -> tuple[Bytes, NDArray[np.int64] | None]:
    """n images, all classes in turn where there are some, and their labels."""
    which: Labels = "balanced" if model.classes else None
    return model.sample(n, seed=seed, labels=which), model.labels(n, which, seed) if model.classes else None


def _reconstruction(model: Model, seed: int) -> dict[str, float]:
    images, _, _ = reconstruct.split(model.config)
    back = reconstruct.reconstruct(model, reconstruct.inputs(model, images, seed))
    alike = ssim(*(torch.from_numpy(np.array(x)).permute(0, 3, 1, 2) for x in (images, back)))
    found = reconstruct.measure(model, images, seed) | {"ssim": alike.mean().item()}
    if reconstruct.variational(model):
        found["importance_weighted_loss"] = reconstruct.importance_weighted(model, images, seed)
    return found
