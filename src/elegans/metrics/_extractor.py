"""What a small classifier sees in images: features for distances between sets, logits for the classes it would name.

An extractor is a file here, `<name>.safetensors`, made by scripts/make_extractors.py, with its sha256 beside it. Its
features take the place of Inception's in the Frechet distance (Heusel et al. 2017, arXiv:1706.08500): it knows small
images, ships with the package and works offline. Numbers from different extractors are not comparable.

No generator is ever trained against these networks, nor may be: what has been optimised no longer measures.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from elegans import find
from elegans.errors import Failure, RequestError, nearest

_HERE = Path(__file__).parent
_IMAGES, _VALUES = 256, 2**22  # in a block, at most: what is in memory at a time, however many images there are
_LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue, by ITU-R BT.601
_WORDS = {1: "grey", 3: "colour"}

Seen = tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n k"]]


class Classifier(nn.Module):
    """Three stages of 3x3 convolutions, a hidden layer and a linear one; x is in [-1, 1].

    A stage has one convolution, the later ones two. Batch norm is for training only and folded into the convolutions
    that are shipped, so that an image is seen as it is whatever else is in the batch.

    Args:
        channels: of the images.
        widths: of the three stages and of the hidden layer, which is the number of features.
        classes: how many there are.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int], classes: int) -> None:
        super().__init__()
        first, second, third, hidden = widths
        pairs = [(channels, first), (first, second), (second, second), (second, third), (third, third)]
        self.maps = nn.Sequential()
        for number, (had, has) in enumerate(pairs):
            if number in (1, 3):
                self.maps.append(nn.MaxPool2d(2))
            self.maps.extend([nn.Conv2d(had, has, 3, padding=1), nn.ReLU(inplace=True)])
        # 3x3 places and not one mean: where in the image something is has to count
        self.maps.extend([nn.AdaptiveAvgPool2d(3), nn.Flatten()])
        self.hidden = nn.Sequential(nn.Linear(9 * third, hidden), nn.ReLU(inplace=True))
        self.head = nn.Linear(hidden, classes)

    def forward(self, x: Float[Tensor, "n c h w"]) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"]]:
        """Features, at least 0, and logits."""
        features = self.hidden(self.maps(x))
        return features, self.head(features)


@dataclass(frozen=True)
class Extractor:
    """A trained classifier as a measuring instrument.

    Attributes:
        name: of its file.
        sha256: of its file.
        accuracy: the share of the test set, not seen in training, that it names rightly, from 0 to 1.
        shape: c, h, w of the images it was trained on.
        network: the weights, in float32.
    """

    name: str
    sha256: str
    accuracy: float
    shape: tuple[int, int, int]
    network: Classifier

    def see(self, images: np.ndarray) -> Seen:
        """Features float32 [n, d], at least 0, and logits float32 [n, k] of images of any size, grey or colour.

        The same image gives the same numbers, up to the last bits, whatever it is together with.

        Args:
            images: uint8 [n, c, h, w], c being 1 or 3; may be memory-mapped, only a block is read at a time.

        Raises:
            RequestError: they are something else.
        """
        most = max(1, min(_IMAGES, _VALUES // max(1, images[:1].size)))
        return seen(images, most, self._look, (self.network.head.in_features, self.network.head.out_features))

    def resize(self, shape: tuple[int, int, int]) -> str:
        """What `see` does first to images of that shape (c, h, w), in words for a card; nothing is an empty text."""
        c, size = shape[0], shape[1:]
        done = [colour(c, self.shape[0])] if c != self.shape[0] else []
        if size != self.shape[1:]:
            done.append(f"{by(size)} to {by(self.shape[1:])} by antialiased bilinear interpolation")
        return ", ".join(done)

    def _look(self, block: Tensor) -> tuple[Tensor, Tensor]:
        x = self._fit(block.float()) / 127.5 - 1
        features, logits = self.network.eval()(x.contiguous(memory_format=torch.channels_last))
        return features, logits

    def _fit(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c2 h2 w2"]:
        if x.shape[1] < self.shape[0]:
            x = x.expand(-1, 3, -1, -1)
        elif x.shape[1] > self.shape[0]:
            x = torch.einsum("nchw,c->nhw", x, torch.tensor(_LUMINANCE))[:, None]
        if x.shape[2:] != self.shape[1:]:
            x = interpolate(x, self.shape[1:], mode="bilinear", antialias=True)
        return x


def load(name: str) -> Extractor:
    """The extractor of that name, ready to see.

    Raises:
        RequestError: there is none; the message has the nearest name.
        Failure: its file is not what was shipped.
    """
    from safetensors import SafetensorError, safe_open  # late: as everywhere in the package

    known = sorted(path.stem for path in _HERE.glob("*.safetensors"))
    if name not in known:
        raise RequestError(f"there is no extractor {name!r}{nearest(name, known)}")
    path = _HERE / f"{name}.safetensors"
    broken = f"{path} is not what was shipped: install elegans again"
    try:
        expected = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            raise Failure(f"{broken} (its sha256 is {found[:16]}, expected {expected[:16]})")
        with safe_open(path, "pt") as file:
            notes = json.loads(file.metadata()["notes"])
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, IndexError, SafetensorError) as error:
        raise Failure(f"{broken} ({error})") from error
    channels, height, width = notes["shape"]
    network = Classifier(channels, tuple(notes["widths"]), notes["classes"])
    network.load_state_dict(weights)
    return Extractor(name, found, notes["accuracy"], (channels, height, width), network)


def extractor(data: str) -> str:
    """Which extractor judges a data set: what its module says as `extractor = "mnist"`, else cifar10.

    Raises:
        RequestError: there is no such data set; the message has the nearest name.
    """
    return getattr(find.find("data", data), "extractor", "cifar10")


def seen(
    images: np.ndarray, most: int, look: Callable[[Tensor], tuple[Tensor, Tensor]], widths: tuple[int, int]
) -> Seen:
    """Features and logits of images, a block after the other.

    Args:
        images: uint8 [n, c, h, w], c being 1 or 3.
        most: images in a block.
        look: what gives both for a block.
        widths: of the two.

    Raises:
        RequestError: the images are something else.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in _WORDS or 0 in images.shape[1:]:
        raise RequestError(
            "an extractor sees images as uint8 [n, c, h, w] with c = 1 or 3; "
            f"these are {images.dtype} {list(images.shape)}"
        )
    features, logits = (np.empty((len(images), width), np.float32) for width in widths)
    with torch.inference_mode():
        for i in range(0, len(images), most):
            found = look(torch.from_numpy(np.array(images[i : i + most])))
            features[i : i + most], logits[i : i + most] = (part.numpy() for part in found)
    return features, logits


def colour(had: int, has: int) -> str:
    """What brings images of so many channels to so many, in words for a card."""
    return f"{_WORDS[had]} to {_WORDS[has]} by {'repeating' if had < has else 'luminance'}"


def by(size: tuple[int, ...]) -> str:
    """A size in words: 28x28."""
    return "x".join(map(str, size))
