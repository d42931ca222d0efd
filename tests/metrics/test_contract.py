"""What is asked of every metric: found by its name, says what it is, the same call, numbers that JSON has, one line."""

import inspect
import json
import math

import numpy as np
import pytest

from elegans.errors import RequestError
from elegans.find import find, names
from elegans.metrics._judged import Judged

NAMES = names("metrics")


def call(name: str, fake: Judged, real: Judged, train: Judged) -> dict[str, float]:
    """As the caller does: what the signature names is passed."""
    compute = find("metrics", name).compute
    given = {"fake": fake, "real": real, "train": train}
    return compute(**{key: given[key] for key in inspect.signature(compute).parameters})


@pytest.fixture(scope="module")
def sets(digits, part) -> tuple[Judged, Judged, Judged]:  # type: ignore[no-untyped-def]
    return part(digits, slice(0, 300)), part(digits, slice(300, 600)), part(digits, slice(600, 1500))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_takes_what_the_others_take(name: str) -> None:
    module = find("metrics", name)
    assert list(inspect.signature(module.compute).parameters)[:2] == ["fake", "real"]
    assert set(inspect.signature(module.compute).parameters) <= {"fake", "real", "train"}
    assert module.__doc__.endswith((".", '"'))
    assert "Raises" in module.compute.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_its_numbers_are_finite_floats_of_names_of_their_own(name: str, sets: tuple[Judged, Judged, Judged]) -> None:
    found = call(name, *sets)
    assert found
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    assert json.loads(json.dumps(found)) == found
    others = {key for other in NAMES if other != name for key in call(other, *sets)}
    assert not set(found) & others
    assert call(name, *sets) == found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("kid", "distinct")])  # they take some
def test_the_order_of_the_images_is_nothing(name: str, sets: tuple[Judged, Judged, Judged], part) -> None:  # type: ignore[no-untyped-def]
    mixed = [part(one, np.random.default_rng(i).permutation(len(one.images))) for i, one in enumerate(sets)]
    assert call(name, *mixed) == pytest.approx(call(name, *sets), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_images_without_labels_are_judged_as_well(name: str, sets: tuple[Judged, Judged, Judged]) -> None:
    found = call(name, *(one._replace(labels=None) for one in sets))
    assert (found == {}) == (name == "agreement")


@pytest.mark.parametrize("name", NAMES)
def test_one_image_over_and_over_is_a_verdict_and_no_error(
    name: str, sets: tuple[Judged, Judged, Judged], part
) -> None:  # type: ignore[no-untyped-def]
    found = call(name, part(sets[0], np.full(300, 7)), *sets[1:])
    assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_image_and_no_number_are_one_line(name: str, sets: tuple[Judged, Judged, Judged], part) -> None:  # type: ignore[no-untyped-def]
    fake, real, train = sets
    with pytest.raises(RequestError, match=f"^{name} needs at least [^\n]*$"):
        call(name, part(fake, slice(0)), real, train)
    broken = fake._replace(features=fake.features * np.nan, logits=fake.logits * np.nan, labels=None)
    if name != "agreement":
        with pytest.raises(
            RequestError, match=r"^the (features|logits) of 300 of 300 generated images are not [^\n]*$"
        ):
            call(name, broken, real, train)
