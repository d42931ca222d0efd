"""Which images of a data set: those of the training, or those held out from it."""

import inspect
from typing import Literal

from elegans import find
from elegans.config import Data
from elegans.data._about import Arrays


def held_out(data: Data) -> bool:
    """Whether there are images that a training on `data` does not see: the test split of a set that has one."""
    parameters = inspect.signature(find.find("data", data.name).build).parameters
    return "split" in parameters and data.settings.get("split", "train") == "train"


def images_of(data: Data, wanted: Literal["train", "test"]) -> Arrays:
    """The images, uint8 [n, c, h, w], and labels, int64 [n]: those of the training, or those held out where there are.

    Raises:
        RequestError: settings that the data set does not have.
        Failure: a file or a download.
    """
    settings = data.settings | ({"split": "test"} if wanted == "test" and held_out(data) else {})
    arrays: Arrays = find.call(find.find("data", data.name).build, "data", settings, root=data.root)
    return arrays
