"""What a sheet of samples shows, in numbers, beside the real images: cheap enough for every sheet of a training."""

import numpy as np
import torch
from numpy.typing import NDArray

from elegans import seeds
from elegans.images import Bytes
from elegans.nearest import NEIGHBOURHOOD, RARE, isolation, nearest

MOST = 2_000  # real images that are looked at
BYTES = 20_000_000  # of training images in which copies are looked for: in more it would take too long for every sheet
DRAWN = 500
FEW = 4  # images of a class, at least, for its variety to be told from chance


class Symptoms:
    """Call it with the samples of each sheet, drawn from the same noise all the time.

    - variety: the standard deviation of samples of one class, over that of real images. 0 is one image for all.
    - variety_worst, class_worst: the variety of the class that has the lowest one, and which it is. Left out without
      labels, and where there are fewer than four images a class.
    - told: the share of the variance that lies between the classes, over that of real images. 0: labels change nothing.
    - off: the squared distance of the mean sample to the mean real image, in units of what as many real images have on
      average: 1 for real images.
    - change: how much the samples differ from those of the sheet before, over how much two real images differ (root
      mean squares).
    - copied: the share of the samples with one training image far nearer than the next ones, as only 1 % of the
      training images have it (see metrics/memorised.py). Left out where there are too many images to look at,
      and where these are themselves copies of each other.

    Args:
        images: of the training, uint8 [n, c, h, w].
        labels: int64 [n], -1 where there are none.
        conditional: whether the samples are of classes, those of the labels.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], conditional: bool) -> None:
        draw = seeds.generator(0, 0, "symptoms")
        some = torch.randperm(len(images), generator=draw)[:MOST].sort().values.numpy()
        self.mean, self.within, self.between = moments(images[some], labels[some] if conditional else None)
        self.each = spreads(images[some], labels[some]) if conditional else {}
        self.variance = max(self.within + self.between, 1e-9)  # of a pixel; all images may be one
        self.train = images if images.nbytes <= BYTES and len(images) > NEIGHBOURHOOD else None
        if self.train is not None:
            drawn = images[some[:: max(1, len(some) // DRAWN)]]
            _, distances = nearest(drawn, images, NEIGHBOURHOOD + 1)  # the nearest one is the image itself
            self.threshold = float(np.quantile(isolation(distances[:, 1:]), RARE))
            if not self.threshold:  # the images repeat each other
                self.train = None
        self.before: Bytes | None = None

    def __call__(self, samples: Bytes, labels: NDArray[np.int64] | None) -> dict[str, float]:
        """The numbers of uint8 [n, h, w, c] of these classes; `change` from the second time on."""
        as_images = samples.transpose(0, 3, 1, 2)
        mean, within, between = moments(as_images, labels)
        found = {
            "variety": (within / self.within) ** 0.5 if self.within else 1.0,
            "off": float(np.square(mean - self.mean).mean()) * len(samples) / self.variance,
        }
        theirs = spreads(as_images, labels) if labels is not None else {}
        if each := {k: (theirs[k] / self.each[k]) ** 0.5 for k in theirs if self.each.get(k)}:
            found["class_worst"] = float(worst := min(each, key=each.__getitem__))
            found["variety_worst"] = each[worst]
        if labels is not None and self.between:
            share = between / (within + between) if between else 0.0
            found["told"] = share * self.variance / self.between
        if self.before is not None:
            moved = np.square(samples.astype(np.float32) - self.before).mean()
            found["change"] = float(moved / (2 * self.variance)) ** 0.5
        if self.train is not None:
            _, distances = nearest(as_images, self.train, NEIGHBOURHOOD)
            found["copied"] = float((isolation(distances) <= self.threshold).mean())
        self.before = samples
        return found


def moments(images: NDArray[np.uint8], labels: NDArray[np.int64] | None) -> tuple[NDArray[np.float64], float, float]:
    """The mean image, and the variance of a pixel within the classes and between them; without labels all is within.

    Both are unbiased however few images a class has (the analysis of variance with one random factor), so that samples
    can be compared with the whole data set; where they differ less than chance would have it nothing is between.

    Args:
        images: uint8 [n, c, h, w].
        labels: int64 [n].
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    mean, n = flat.mean(0, dtype=np.float64), len(flat)
    if labels is None:
        return mean, float(flat.var(0, ddof=1, dtype=np.float64).mean()), 0.0
    counts = np.unique(labels, return_counts=True)
    within = between = 0.0
    for label in counts[0]:
        members = flat[labels == label]
        centre = members.mean(0, dtype=np.float64)
        within += float(np.square(members - centre).sum(0).mean())
        between += len(members) * float(np.square(centre - mean).mean())
    k = len(counts[0])
    within /= max(n - k, 1)
    size = (n - float(np.square(counts[1]).sum()) / n) / max(k - 1, 1)  # of a class, on average
    return mean, within, max(0.0, (between / max(k - 1, 1) - within) / size) if size else 0.0


def spreads(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> dict[int, float]:
    """The unbiased variance of a pixel within each class that has at least `FEW` images.

    Args:
        images: uint8 [n, c, h, w].
        labels: int64 [n].
    """
    found = {}
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        if count >= FEW:
            found[int(label)] = float(images[labels == label].var(0, ddof=1, dtype=np.float64).mean())
    return found
