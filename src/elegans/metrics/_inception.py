"""Inception as an extractor, for numbers that can be read beside those of papers: an extra, with your own weights file.

The network and its resizing are torch-fidelity's (A. Obukhov et al. 2020), which reproduce the original's numbers to
the last digits given: the Inception v3 of 2015 with TensorFlow 1's interpolation to 299x299, 2,048 features, and logits
without the bias for the score. It was trained on photographs and says little of digits; it takes about 0.1 s an image
on one core.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from elegans.errors import Failure, RequestError
from elegans.metrics._extractor import Seen, by, colour, seen

METRICS = ("fid", "kid", "prdc", "score")  # those that ask for no class of the data set, which it does not know
_IMAGES = 32  # in a block: what is in memory at a time
_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth, from the releases of toshas/torch-fidelity"


@dataclass(frozen=True)
class Inception:
    """The network as a measuring instrument, in the place of `metrics._extractor.Extractor`.

    Attributes:
        sha256: of its weights file.
        network: uint8 [n, 3, h, w] -> features [n, 2048] and logits [n, 1008].
    """

    sha256: str
    network: nn.Module
    name: str = "inception"
    accuracy: float | None = None  # of no data set here

    def see(self, images: np.ndarray) -> Seen:
        """Features float32 [n, 2048] and logits float32 [n, 1008] of images of any size, grey or colour.

        Args:
            images: uint8 [n, c, h, w], c being 1 or 3; may be memory-mapped, only a block is read at a time.

        Raises:
            RequestError: they are something else.
        """
        return seen(images, _IMAGES, self._look, (2048, 1008))

    def resize(self, shape: tuple[int, int, int]) -> str:
        """What is done first to images of that shape (c, h, w), in words for a card."""
        done = [colour(shape[0], 3)] if shape[0] != 3 else []
        return ", ".join([*done, f"{by(shape[1:])} to 299x299 by TensorFlow 1's bilinear interpolation"])

    def _look(self, block: Tensor) -> tuple[Tensor, Tensor]:
        features, logits = self.network(block.expand(-1, 3, -1, -1).contiguous())
        return features.float(), logits.float()


def load(path: Path) -> Inception:
    """Inception with the weights of that file, a state dict of tensors; no code in it is run.

    Raises:
        RequestError: no such file, or other weights.
        Failure: torch-fidelity cannot be imported.
    """
    try:
        content = path.read_bytes()
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:  # a file that is something else ends in an exception of any kind
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise RequestError(f"{path} holds no weights ({first}): Inception's are in {_WEIGHTS}") from None
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision of another torch
        raise Failure(
            f"Inception needs torch-fidelity, which cannot be imported ({error}): "
            "pip install 'elegans[inception]', with the torchvision that belongs to your torch"
        ) from None
    checked = io.BytesIO()  # it would unpickle whatever is in the file; what it is given holds tensors and nothing else
    torch.save(state, checked)
    checked.seek(0)
    try:
        network = FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"], checked)
    except (RuntimeError, TypeError, AttributeError):
        raise RequestError(f"{path} holds other weights than Inception's, which are in {_WEIGHTS}") from None
    return Inception(hashlib.sha256(content).hexdigest(), network)
