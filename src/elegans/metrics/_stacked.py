"""The extractor of digits for images of three digits in three channels: 1,000 classes."""

from dataclasses import dataclass

import numpy as np
import torch

from elegans.errors import RequestError
from elegans.metrics._extractor import Extractor, Seen


@dataclass(frozen=True)
class Stacked:
    """Each channel as the extractor of digits sees it, in the place of `metrics._extractor.Extractor`.

    Attributes:
        digits: that extractor.
    """

    digits: Extractor

    @property
    def name(self) -> str:
        """Its own, as a data set asks for it."""
        return "stacked"

    @property
    def sha256(self) -> str:
        """Of the file of the extractor of digits."""
        return self.digits.sha256

    @property
    def accuracy(self) -> float:
        """The share of triples it names rightly if it errs in each channel by itself."""
        return self.digits.accuracy**3

    def see(self, images: np.ndarray) -> Seen:
        """Features float32 [n, 3 d], a channel after the other, and the logarithm of the probability of each class,
        float32 [n, 1000], of images uint8 [n, 3, 28, 28].

        Raises:
            RequestError: they do not have three channels.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise RequestError(f"stacked digits are uint8 [n, 3, h, w]; these are {images.dtype} {list(images.shape)}")
        seen = [self.digits.see(images[:, channel : channel + 1]) for channel in range(3)]
        red, green, blue = (torch.from_numpy(logits).log_softmax(1).numpy() for _, logits in seen)
        joint = red[:, :, None, None] + green[:, None, :, None] + blue[:, None, None, :]
        return np.concatenate([features for features, _ in seen], 1), joint.reshape(len(images), 1000)

    def resize(self, shape: tuple[int, int, int]) -> str:
        """As the extractor of digits says it of one channel."""
        return self.digits.resize((1, *shape[1:]))
