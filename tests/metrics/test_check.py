"""What is refused, in one line that names the thing, the reason and the next step."""

import numpy as np
import pytest

from elegans.errors import RequestError
from elegans.metrics._check import comparable, enough, same_shape


def test_what_is_right_passes(judged) -> None:  # type: ignore[no-untyped-def]
    sets = {name: judged(features=np.eye(3) * i) for i, name in enumerate(("fake", "real", "train"), 1)}
    enough("any", 3, **sets)
    comparable("features", **sets)
    comparable("logits", **sets)
    same_shape(**sets)


def test_too_few_images(judged) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RequestError, match=r"^fid needs at least 2 training images, there are 1: give it more$"):
        enough("fid", 2, real=judged(features=np.eye(2)), train=judged(features=np.eye(1)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what", ["features", "logits"])
def test_what_is_not_finite_is_counted_and_the_first_named(judged, what: str, value: float) -> None:  # type: ignore[no-untyped-def]
    values = np.ones((1500, 2))
    values[400:1452, 1] = value
    real = judged(**{what: np.eye(2)})
    text = rf"^the {what} of 1,052 of 1,500 generated images are not finite; image 400 is the first: look at it"
    with pytest.raises(RequestError, match=text):
        comparable(what, fake=judged(**{what: values}), real=real)


def test_widths_of_different_extractors(judged) -> None:  # type: ignore[no-untyped-def]
    text = "^features of different widths, 2 of the generated ones, 3 of the real ones: judge all with one extractor$"
    with pytest.raises(RequestError, match=text):
        comparable("features", fake=judged(features=np.eye(2)), real=judged(features=np.eye(3)))


def test_real_images_that_all_look_the_same_are_the_extractors_fault_and_generated_ones_a_verdict(judged) -> None:  # type: ignore[no-untyped-def]
    same, varied = judged(features=np.ones((5, 2))), judged(features=np.eye(2))
    comparable("features", fake=same, real=varied)
    text = "^the features of all real images are the same: the extractor sees nothing in them; use another$"
    with pytest.raises(RequestError, match=text):
        comparable("features", fake=varied, real=same)
    dead = judged(features=np.eye(4)[:, :3])  # a feature that is the same everywhere else, as of a dead unit
    comparable("features", fake=dead, real=dead)


def test_shapes_that_differ(judged) -> None:  # type: ignore[no-untyped-def]
    large = judged(images=np.zeros((2, 3, 8, 8)))
    text = r"^images of different shapes, \(1, 4, 4\) of the generated ones, \(3, 8, 8\) of the real ones: bring all"
    with pytest.raises(RequestError, match=text):
        same_shape(fake=judged(features=np.eye(2)), real=large)
