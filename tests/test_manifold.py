"""The plane through the codes, the grid on it, and the picture."""

import io
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elegans import Config, RequestError, find
from elegans.manifold import Plane, decode, draw, grid, plane
from elegans.networks import networks
from elegans.reconstruct import encode, reconstruct

RANDOM = np.random.default_rng(0)
Codes = Any


def model(latent: int, variational: bool, shape: tuple[int, int, int] = (1, 8, 8)) -> Any:
    fields = {"model.name": "dense_autoencoder", "model.shape": shape, "latent.size": latent}
    config = Config().override(fields | {"model.variational": variational, "model.widths": [9]})
    made = networks(config, find.recipe(config))
    for network in made.values():
        network.requires_grad_(False)
    return SimpleNamespace(config=config, networks=made)


def cloud(n: int, spread: list[float]) -> Codes:
    """Codes with those standard deviations along directions that are no axes, and a mean that is not 0."""
    turn, _ = np.linalg.qr(RANDOM.normal(size=(len(spread), len(spread))))
    return (RANDOM.normal(size=(n, len(spread))) * spread @ turn.T + 5).astype(np.float32), turn


def test_two_gaussian_latents_are_their_own_plane() -> None:
    codes, _ = cloud(50, [3, 1])
    shown = plane(model(2, True), codes)
    assert np.array_equal(shown.coordinates(codes), codes)
    assert np.array_equal(shown.codes(codes.astype(float)), codes)
    assert (shown.share, shown.names[0]) == (1, "first latent")


@pytest.mark.parametrize(("size", "variational"), [(2, False), (5, False), (5, True)])
def test_others_are_cut_along_the_directions_of_most_variance(size: int, variational: bool) -> None:
    spread = [9, 3, 0.5, 0.2, 0.1][:size]
    codes, turn = cloud(20_000, spread)
    shown = plane(model(size, variational), codes)
    np.testing.assert_allclose(shown.origin, 5, atol=0.3)
    for axis, direction, length in zip(shown.axes, turn.T, spread, strict=False):
        assert np.linalg.norm(axis) == pytest.approx(length, rel=0.03)
        assert abs(axis @ direction) == pytest.approx(length, rel=0.03)
    seen = shown.coordinates(codes)
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(seen.T), np.eye(2), atol=1e-3)
    assert shown.share == pytest.approx((81 + 9) / sum(s**2 for s in spread), abs=0.01)
    assert shown.names[0] == "first principal direction"


def test_a_point_of_the_plane_has_its_coordinates() -> None:
    shown = Plane(np.array([1.0, 2, 3]), np.array([[0.0, 2, 0], [0, 0, 0.5]]), 1, ("a", "b"))
    at = RANDOM.normal(size=(7, 2))
    np.testing.assert_allclose(shown.coordinates(shown.codes(at)), at, atol=1e-5)
    assert shown.codes(np.array([[1.0, 1]])).tolist() == [[1, 4, 3.5]]


def test_the_grid_is_that_of_equal_quantiles_row_by_row_from_the_top() -> None:
    points = grid()
    assert points.shape == (225, 2)
    assert (np.diff(points[:15, 0]) > 0).all()  # to the right
    assert (np.diff(points[::15, 1]) < 0).all()  # down
    shares = [NormalDist().cdf(x) for x in points[:15, 0]]
    np.testing.assert_allclose(shares, np.linspace(0.05, 0.95, 15))
    np.testing.assert_allclose(points[112], 0, atol=1e-12)
    np.testing.assert_allclose(points[:15, 1], points[0, 1])


def test_decoding_the_code_of_an_image_is_its_reconstruction() -> None:
    some, images = model(3, False), RANDOM.integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)
    assert np.array_equal(decode(some, encode(some, images)), reconstruct(some, images))


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (RANDOM.normal(size=(9, 1)), "codes of one number lie on a line"),
        (np.outer(np.arange(9), [1, 2, 3]), "the codes of these images lie on a line"),
        (np.zeros((9, 3)), "the codes of these images lie on a line"),
    ],
)
def test_codes_that_fill_no_plane(codes: Codes, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        plane(model(codes.shape[1], False), codes.astype(np.float32))


def drawn(latent: int, variational: bool, labels: Codes, shape: tuple[int, int, int] = (1, 8, 8)) -> Codes:
    codes, _ = cloud(len(labels), [1.0] * latent)
    with Image.open(io.BytesIO(draw(model(latent, variational, shape), codes - 5, labels, "title"))) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_the_picture_has_colours_for_classes_on_the_left_and_images_on_the_right() -> None:
    labels = np.arange(40) % 4
    made = drawn(2, True, labels)
    width = made.shape[1]
    left, right = made[:, : width // 2], made[:, width // 2 + 40 :]
    colourful = np.ptp(left, axis=2) > 60
    assert colourful.sum() > 40
    hues = {tuple(pixel) for pixel in left[colourful]}
    assert {(31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40)} <= hues  # of the four classes
    assert (np.ptp(right, axis=2) == 0).all()
    assert ((right > 100) & (right < 150)).mean() > 0.5  # untrained, everything is about grey
    assert len(np.unique(made.reshape(-1, 3), axis=0)) <= 26


@pytest.mark.parametrize("labels", [np.full(30, -1), np.arange(30), np.zeros(30, np.int64)], ids=["none", "30", "1"])
def test_images_without_classes_with_many_and_in_colour(labels: Codes) -> None:
    made = drawn(3, False, labels.astype(np.int64), (3, 8, 6))
    right = made[:, made.shape[1] // 2 + 40 :].reshape(-1, 3)
    assert (np.ptp(right, axis=1) > 0).any()
    assert len(np.unique(right, axis=0)) > 100
