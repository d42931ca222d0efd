"""Real digits with what a small fixed extractor sees in them, and sets of images of which only a part matters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, conv2d

from elegans.data import mnist5k
from elegans.metrics._judged import Judged

Make = Callable[..., Judged]


@pytest.fixture(scope="session")
def extract() -> Callable[[Any], Any]:
    """Features of a random convolution, float32 [n, 128]: they are real ones, correlated and far from Gaussian."""
    weights = torch.randn(8, 1, 5, 5, generator=torch.Generator().manual_seed(0)) / 5

    def features(images: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        x: Tensor = torch.from_numpy(np.ascontiguousarray(images)).float() / 255
        return adaptive_avg_pool2d(conv2d(x, weights, stride=2).relu(), 4).flatten(1).numpy()

    return features


@pytest.fixture(scope="session")
def digits(extract: Callable[[Any], Any]) -> Judged:
    """All of mnist5k in a random order; the class seen is the one whose mean is nearest."""
    images, labels = mnist5k.build()
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], labels[order]
    features = extract(images)
    means = np.stack([features[labels == c].mean(0) for c in range(10)])
    logits = -20 * ((features[:, None] - means) ** 2).sum(2)
    return Judged(images, labels, features, logits.astype(np.float32))


@pytest.fixture(scope="session")
def part() -> Callable[[Judged, Any], Judged]:
    """Some of the images: `part(digits, slice(0, 100))`."""

    def some(whole: Judged, at: Any) -> Judged:
        labels = None if whole.labels is None else whole.labels[at]
        return Judged(whole.images[at], labels, whole.features[at], whole.logits[at])

    return some


@pytest.fixture(scope="session")
def judged() -> Make:
    """A set of which only what is given is of interest; the rest is varied and finite."""

    def make(images: Any = None, labels: Any = None, features: Any = None, logits: Any = None) -> Judged:
        n = next(len(x) for x in (images, labels, features, logits) if x is not None)
        draw = np.random.default_rng(0)
        made = draw.integers(0, 256, (n, 1, 4, 4), np.uint8) if images is None else np.asarray(images, np.uint8)
        seen = draw.normal(size=(n, 3)) if features is None else np.asarray(features)
        says = draw.normal(size=(n, 4)) if logits is None else np.asarray(logits)
        asked = None if labels is None else np.asarray(labels, np.int64)
        return Judged(made, asked, seen.astype(np.float32), says.astype(np.float32))

    return make
