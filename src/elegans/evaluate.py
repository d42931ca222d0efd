"""How good a model is: every metric, what it was measured on, and the floor, which is the same metric of real images.

A number without its card means little: extractor, split, counts and resizing each change a Fréchet distance by more
than most papers gain (Parmar et al. 2022, arXiv:2104.11222).
"""

import inspect
import platform
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from elegans import find, reconstruct, seeds
from elegans.config import Config, Data
from elegans.data._cache import aside, cache
from elegans.errors import RequestError
from elegans.explore import Labels, Model, Step, of_state
from elegans.explore import load as load_run
from elegans.find import Recipe
from elegans.images import Bytes
from elegans.methods._state import State
from elegans.metrics._extractor import Extractor, extractor, load
from elegans.metrics._judged import Judged
from elegans.metrics.agreement import confusion
from elegans.networks import networks
from elegans.run import Run
from elegans.splits import held_out, images_of
from elegans.ssim import ssim

Card = dict[str, Any]
FORMAT = 1  # of a card; a change of meaning adds one
MOST = 10_000  # real images that generated ones are compared with
QUICK = 2_000  # of both, in training


def evaluate(
    run: str | Path | Run,
    *,
    n: int = MOST,
    seed: int = 0,
    step: Step = None,
    raw: bool = False,
    recipe: str | Path | Recipe | None = None,
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

    Returns:
        Plain values, as for `card`; of an autoencoder also its `reconstruction` of held-out images.

    Raises:
        RequestError: no such run or checkpoint, or fewer images than a metric needs.
        Failure: a file or a download.
    """
    run = run if isinstance(run, Run) else Run(run)
    began, model = time.perf_counter(), load_run(run, step=step, raw=raw, recipe=recipe)
    made = _generated(model, n, seed)
    if step is None and (best := run.best()) not in (None, model.step):
        of_best = _generated(load_run(run, step=best, raw=raw, recipe=recipe), n, seed)
        made["best"] = {"step": best, "metrics": of_best["metrics"]}
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
    sees = load(extractor(config.data.name))
    real = _some(_judged(*images_of(config.data, "test"), sees), QUICK, 0, "real images, quickly")

    def measured(state: State, step: int) -> dict[str, float]:
        model = of_state(config, networks(config, recipe), state, step)
        samples, labels = _samples(model, QUICK, 0)
        images = samples.transpose(0, 3, 1, 2)
        return measure(Judged(images, labels, *sees.see(images)), real, None)

    return measured


def card(images: Bytes, labels: NDArray[np.int64] | None, data: Data, *, seed: int = 0) -> Card:
    """The card of images from anywhere.

    Args:
        images: uint8 [n, h, w, c], of the shape of the data set.
        labels: int64 [n], the class each was asked for; None where there are none.
        data: the data set they are to be like.
        seed: of the choice of real images.

    Returns:
        Plain values: `metrics` and `floor` by name, `confusion` (a row a class asked for, a column a class seen), and
        what they were measured on and with.

    Raises:
        RequestError: images of another shape, or fewer than a metric needs.
        Failure: a file or a download.
    """
    sees = load(extractor(data.name))
    real, floor, train, words = reference(data, sees, len(images), seed)
    given = images.transpose(0, 3, 1, 2)
    if given.shape[1:] != real.images.shape[1:]:
        raise RequestError(
            f"the images are {_by(given)}, those of {data.name} {_by(real.images)}: bring them to one size"
        )
    fake = Judged(given, labels, *sees.see(given))
    made: Card = {
        "format": FORMAT,
        "metrics": measure(fake, real, train),
        "floor": measure(floor, real, None),  # images of the training are copies of themselves
        "data": {"name": data.name, **data.settings, **words},
        "generated": len(images),
        "extractor": {"name": sees.name, "sha256": sees.sha256, "accuracy": sees.accuracy},
        "resize": sees.resize(tuple(given.shape[1:])) or "none",
        "seed": seed,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in ("elegans", "torch", "numpy")}},
    }
    if labels is not None:
        made["confusion"] = confusion(labels, fake.logits).tolist()
    return made


def read(path: Path, data: Data) -> tuple[Bytes, NDArray[np.int64] | None]:
    """Images that any program made, uint8 [n, h, w, c], and the class each was asked for, where that is known.

    Args:
        path: a .npz as `elegans sample` writes it, or a folder or zip of pictures, whose subfolders are classes; those
            are brought to the size of the data set.
        data: the data set they are to be like.

    Raises:
        RequestError: no such file, or it holds something else.
        Failure: pictures that cannot be read.
    """
    find.find("data", data.name)  # complains before the images are read
    if path.suffix != ".npz":
        c, h, _ = images_of(data, "test")[0].shape[1:]
        settings = {"size": h, "channels": c}
        pictures, classes = find.call(find.find("data", "folder").build, "data", settings, root=str(path))
        return pictures.transpose(0, 2, 3, 1), classes if (classes >= 0).all() else None
    try:
        with np.load(path, allow_pickle=False) as file:
            images, labels = file["images"], file.get("labels")
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise RequestError(f"{path} holds no array `images`: {error}") from None
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise RequestError(f"`images` in {path} is {images.dtype} {list(images.shape)}, not uint8 [n, h, w, c]")
    if labels is not None and labels.shape != images.shape[:1]:
        raise RequestError(f"`labels` in {path} is {list(labels.shape)}, not one for each of {len(images)} images")
    return images, None if labels is None or (labels < 0).any() else labels.astype(np.int64)


def measure(fake: Judged, real: Judged, train: Judged | None) -> dict[str, float]:
    """All metrics there are; those that compare with the training only where it is known and others are held out."""
    found: dict[str, float] = {}
    for name in find.names("metrics"):
        compute = find.find("metrics", name).compute
        wants_train = "train" in inspect.signature(compute).parameters
        if train is not None or not wants_train:
            found |= compute(fake, real, **({"train": train} if wants_train else {}))
    return found


def reference(
    data: Data, sees: Extractor, n: int, seed: int
) -> tuple[Judged, Judged, Judged | None, Mapping[str, int | str]]:
    """What generated images are compared with.

    Returns:
        Real images, of the test split where there is one, else all; n other real ones in the place of generated ones,
        for the floor: of the training split or, where nothing is held out, a half of all against which they are
        measured all the same; all of the training, or None where nothing is held out; and what they are, in words.
    """
    divided = held_out(data)
    train = _judged(*images_of(data, "train"), sees)
    real = _judged(*images_of(data, "test"), sees) if divided else train
    real = _some(real, MOST, seed, "real images")
    floor = _some(train, n if divided else len(train.images) // 2, seed, "floor")
    words: dict[str, int | str] = {
        "real": len(real.images),
        "split": "test" if divided else "all, of which none are held out",
        "floor": f"{len(floor.images):,} training images" + ("" if divided else ", which are among the real ones"),
    }
    return real, floor, train if divided else None, words


def _judged(images: NDArray[np.uint8], labels: NDArray[np.int64], sees: Extractor) -> Judged:
    """A set of real images; what the extractor sees in them is computed once and kept in the cache."""
    digest = sha256(sees.sha256.encode())
    for i in range(0, len(images), 4096):
        digest.update(images[i : i + 4096].tobytes())
    kept = cache() / "features" / f"{sees.name}-{digest.hexdigest()[:24]}.npz"
    if kept.exists():
        with np.load(kept) as file:
            features, logits = file["features"], file["logits"]
    else:
        features, logits = sees.see(images)
        with aside(kept.parent) as folder:
            np.savez(folder / kept.name, features=features, logits=logits)
            (folder / kept.name).replace(kept)
    return Judged(images, labels if (labels >= 0).all() else None, features, logits)


def _some(judged: Judged, most: int, seed: int, purpose: str) -> Judged:
    """At most so many of them, drawn."""
    if len(judged.images) <= most:
        return judged
    drawn = torch.randperm(len(judged.images), generator=seeds.generator(seed, 0, purpose))[:most]
    at = drawn.sort().values.numpy()
    labels = None if judged.labels is None else judged.labels[at]
    return Judged(judged.images[at], labels, judged.features[at], judged.logits[at])


def _samples(model: Model, n: int, seed: int) -> tuple[Bytes, NDArray[np.int64] | None]:
    """n images, all classes in turn where there are some, and their labels."""
    which: Labels = "balanced" if model.classes else None
    return model.sample(n, seed=seed, labels=which), model.labels(n, which, seed) if model.classes else None


def _generated(model: Model, n: int, seed: int) -> Card:
    return card(*_samples(model, n, seed), model.config.data, seed=seed)


def _reconstruction(model: Model, seed: int) -> dict[str, float]:
    images, _, _ = reconstruct.split(model.config)
    back = reconstruct.reconstruct(model, reconstruct.inputs(model, images, seed))
    alike = ssim(*(torch.from_numpy(np.array(x)).permute(0, 3, 1, 2) for x in (images, back)))
    found = reconstruct.measure(model, images, seed) | {"ssim": alike.mean().item()}
    if reconstruct.variational(model):
        found["importance_weighted_loss"] = reconstruct.importance_weighted(model, images, seed)
    return found


def _by(images: NDArray[np.uint8]) -> str:
    c, h, w = images.shape[1:]
    return f"{h}x{w} with {c} channel{'s' * (c > 1)}"
