"""What generated images are compared with, and the card that comes of it."""

import inspect
import platform
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from elegans import find, seeds
from elegans.config import Data
from elegans.data._cache import aside, cache
from elegans.errors import RequestError
from elegans.images import Bytes
from elegans.metrics._extractor import Extractor, by, extractor, load
from elegans.metrics._inception import Inception
from elegans.metrics._inception import load as load_inception
from elegans.metrics._judged import Judged
from elegans.metrics._stacked import Stacked
from elegans.metrics.agreement import confusion
from elegans.splits import held_out, images_of

Card = dict[str, Any]
FORMAT = 1  # of a card; a change of meaning adds one
MOST = 10_000  # real images that generated ones are compared with


@dataclass(frozen=True)
class Reference:
    """What generated images are compared with, and what compares them.

    Attributes:
        data: the data set.
        sees: the extractor.
        real: real images, of the test split where there is one, else all.
        floor: other real ones in the place of generated ones: of the training split or, where nothing is held out, a
            half of all, against which they are measured all the same.
        train: all of the training; None where nothing is held out.
        seed: of what was drawn.
    """

    data: Data
    sees: Extractor | Inception | Stacked
    real: Judged
    floor: Judged
    train: Judged | None
    seed: int

    def see(self, images: Bytes, labels: NDArray[np.int64] | None) -> Judged:
        """What the extractor sees in generated images uint8 [n, h, w, c].

        Raises:
            RequestError: they have another shape than the real ones.
        """
        given = images.transpose(0, 3, 1, 2)
        if given.shape[1:] != self.real.images.shape[1:]:
            raise RequestError(
                f"the images are {_by(given)}, those of {self.data.name} {_by(self.real.images)}: "
                "bring them to one size, or name that of the data set with --size where it leaves the choice"
            )
        return Judged(given, labels, *self.sees.see(given))

    def measure(self, fake: Judged, train: Judged | None = None) -> dict[str, float]:
        """All metrics there are, but those of classes if the extractor does not know them, and those that compare with
        the training if it is not given."""
        found: dict[str, float] = {}
        for name in find.names("metrics"):
            module = find.find("metrics", name)
            wants_train = "train" in inspect.signature(module.compute).parameters
            if (train is None and wants_train) or (getattr(module, "OF_CLASSES", False) and not self.knows_classes):
                continue
            found |= module.compute(fake, self.real, **({"train": train} if wants_train else {}))
        return found

    @property
    def knows_classes(self) -> bool:
        """Whether the extractor's classes are those of the data set, and all of them: some are numbered otherwise."""
        labels, own = self.real.labels, getattr(find.find("data", self.data.name), "extractor", None)
        count = None if labels is None else int(labels.max()) + 1
        return self.sees.name == own and count in (None, self.real.logits.shape[1])

    def card(self, images: Bytes, labels: NDArray[np.int64] | None) -> Card:
        """The card of images uint8 [n, h, w, c] and what they were asked for. Raises as `elegans.evaluate.card`."""
        fake = self.see(images, labels)
        made: Card = {
            "format": FORMAT,
            "metrics": self.measure(fake, self.train),
            "floor": self.measure(self.floor),  # images of the training are copies of themselves
            "data": {"name": self.data.name, **self.data.settings, **self._words()},
            "generated": len(images),
            "extractor": {"name": self.sees.name, "sha256": self.sees.sha256, "accuracy": self.sees.accuracy},
            "resize": self.sees.resize(fake.images.shape[1:]) or "none",
            "seed": self.seed,
            "versions": {"python": platform.python_version(), **{p: version(p) for p in ("elegans", "torch", "numpy")}},
        }
        if labels is not None and self.knows_classes:
            made["confusion"] = confusion(labels, fake.logits).tolist()
        return made

    def _words(self) -> dict[str, int | str]:
        among = "" if self.train else ", which are among the real ones"
        return {
            "real": len(self.real.images),
            "split": "test" if self.train else "all, of which none are held out",
            "floor": f"{len(self.floor.images):,} training images{among}",
        }


def reference(data: Data, n: int, seed: int, inception: Path | None = None) -> Reference:
    """What n images that are to be like those of a data set are compared with.

    Raises:
        RequestError: there is no extractor for the data set, or no weights in that file.
        Failure: a file or a download.
    """
    sees = load_inception(inception) if inception else _extractor(data)
    divided = held_out(data)
    train = _judged(*images_of(data, "train"), sees)
    real = _judged(*images_of(data, "test"), sees) if divided else train
    floor = _some(train, n if divided else len(train.images) // 2, seed, "floor")
    return Reference(data, sees, _some(real, MOST, seed, "real images"), floor, train if divided else None, seed)


def quick(data: Data, most: int) -> Reference:
    """At most so many real images to compare with and nothing else: the training is not looked at. Raises as above."""
    sees = _extractor(data)
    real = _some(_judged(*images_of(data, "test"), sees), most, 0, "real images, quickly")
    return Reference(data, sees, real, floor=real, train=None, seed=0)


def _extractor(data: Data) -> Extractor | Stacked:
    name = extractor(data.name)
    return Stacked(load("mnist")) if name == "stacked" else load(name)


def _judged(images: NDArray[np.uint8], labels: NDArray[np.int64], sees: Extractor | Inception | Stacked) -> Judged:
    """A set of real images; what the extractor sees in them is computed once and kept in the cache."""
    digest = sha256(sees.sha256.encode())
    for i in range(0, len(images), 4096):
        digest.update(images[i : i + 4096].tobytes())
    kept = cache() / "features" / f"{sees.name}-{digest.hexdigest()[:24]}.npz"
    try:
        with kept.open("rb") as archive:
            file = np.load(archive)
            features, logits = file["features"], file["logits"]
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):  # not there, or damaged
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


def _by(images: NDArray[np.uint8]) -> str:
    channels = images.shape[1]
    return f"{by(images.shape[2:])} with {channels} channel{'s' * (channels > 1)}"
