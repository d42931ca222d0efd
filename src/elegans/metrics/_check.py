"""What a metric needs of the sets it is given; what is not there is one clear line."""

from typing import Any, Literal

import numpy as np

from elegans.errors import RequestError
from elegans.metrics._judged import Judged

WHOSE = {"fake": "generated", "real": "real", "train": "training"}


def enough(metric: str, least: int, **sets: Judged) -> None:
    """Refuse sets of fewer images than a metric needs.

    Args:
        metric: its name.
        least: how many images each set has at least.
        sets: by the names of `WHOSE`.

    Raises:
        RequestError: a smaller set.
    """
    for name, judged in sets.items():
        if len(judged.images) < least:
            needs = f"{metric} needs at least {least} {WHOSE[name]} image{'s' * (least > 1)}"
            raise RequestError(f"{needs}, there are {len(judged.images)}: give it more")


def comparable(what: Literal["features", "logits"], **sets: Judged) -> None:
    """Refuse what no number can be got from: values that are not finite, or of two extractors, or all the same.

    Generated images may all look the same, which is a collapse and what metrics are there to tell; in real ones it is
    the extractor that sees nothing.

    Args:
        what: is compared.
        sets: by the names of `WHOSE`.

    Raises:
        RequestError: any of that.
    """
    widths = {name: getattr(judged, what).shape[1] for name, judged in sets.items()}
    if len(set(widths.values())) > 1:
        raise RequestError(f"{what} of different widths, {_listed(widths)}: judge all with one extractor")
    for name, judged in sets.items():
        values, whose = getattr(judged, what), f"the {what} of {{}}{WHOSE[name]} images"
        broken = ~np.isfinite(values).all(1)
        if broken.any():
            count = f"{broken.sum():,} of {len(values):,} "
            first = f"image {int(broken.argmax())} is the first: look at it, then at the extractor's weights"
            raise RequestError(f"{whose.format(count)} are not finite; {first}")
        if what == "features" and name != "fake" and len(values) > 1 and (values == values[0]).all():
            raise RequestError(f"{whose.format('all ')} are the same: the extractor sees nothing in them; use another")


def same_shape(**sets: Judged) -> None:
    """Refuse sets of images that cannot be compared pixel by pixel.

    Args:
        sets: by the names of `WHOSE`.

    Raises:
        RequestError: images of different shapes.
    """
    shapes = {name: judged.images.shape[1:] for name, judged in sets.items()}
    if len(set(shapes.values())) > 1:
        raise RequestError(f"images of different shapes, {_listed(shapes)}: bring all to one")


def _listed(found: dict[str, Any]) -> str:
    return ", ".join(f"{value} of the {WHOSE[name]} ones" for name, value in found.items())
