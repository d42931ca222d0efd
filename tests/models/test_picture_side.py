"""Convolutions at a picture's side are torch's, by whichever way, and so are their gradients and those of these."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pixel_shuffle, pixel_unshuffle

from elegans.models import _pixels
from elegans.models._pixels import OfPixels, ToPixels, TransposedToPixels, shuffle, to_pixels
from elegans.models._subpixel import OfSubpixels, ToSubpixels

Layer = Callable[[Tensor], Tensor]

# what they are instead of, and inputs, outputs, kernel, stride, padding, and output_padding of a transposed one
IN_SQUARES = [
    (TransposedToPixels, nn.ConvTranspose2d, (4, 1, 3, 2, 1, 1)),
    (TransposedToPixels, nn.ConvTranspose2d, (4, 3, 5, 1, 2, 0)),
    (TransposedToPixels, nn.ConvTranspose2d, (3, 2, 4, 2, 1, 0)),
    (TransposedToPixels, nn.ConvTranspose2d, (5, 1, 6, 2, 2, 0)),
    (ToPixels, nn.Conv2d, (4, 1, 3, 1, 1)),
    (ToPixels, nn.Conv2d, (4, 3, 5, 1, 2)),
    (OfPixels, nn.Conv2d, (1, 6, 4, 2, 1)),
    (OfPixels, nn.Conv2d, (3, 5, 3, 2, 1)),
    (OfPixels, nn.Conv2d, (1, 5, 5, 2, 2)),
]
ALL = [
    *IN_SQUARES,
    (ToPixels, nn.Conv2d, (5, 1, 2, 1, 0)),
    (ToPixels, nn.Conv2d, (3, 2, 7, 1, 3)),
    (OfPixels, nn.Conv2d, (3, 4, 3, 1, 0)),
    (OfPixels, nn.Conv2d, (1, 3, 4, 3, 1)),
    (OfPixels, nn.Conv2d, (6, 4, 3, 1, 1)),
    (TransposedToPixels, nn.ConvTranspose2d, (4, 6, 3, 2, 1, 1)),
]


def outcome(layer: Layer, given: list[Tensor]) -> list[Tensor]:
    """What it gives, its gradients, and the gradients of their squares."""
    made = layer(given[0])
    first = torch.autograd.grad(made.pow(3).sum(), given, create_graph=True)
    second = torch.autograd.grad(sum(x.square().sum() for x in first), given)
    return [made, *first, *second]


def check(kind: Any, instead: Any, how: tuple[int, ...], size: tuple[int, int], bias: bool = True) -> None:
    torch.manual_seed(0)
    ours, theirs = (layer(*how, bias=bias).double() for layer in (kind, instead))
    theirs.load_state_dict(ours.state_dict())
    ours.to(memory_format=torch.channels_last)
    x = torch.randn(3, how[0], *size, dtype=torch.float64, requires_grad=True)
    found, wanted = (outcome(layer, [x, *layer.parameters()]) for layer in (ours, theirs))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("size", [(8, 12), (7, 9)])
@pytest.mark.parametrize(("kind", "instead", "how"), ALL)
def test_it_is_the_layer_of_torch(kind: Any, instead: Any, how: tuple[int, ...], size: tuple[int, int]) -> None:
    check(kind, instead, how, size)


@pytest.mark.parametrize(("kind", "instead", "how"), IN_SQUARES)
def test_in_squares(kind: Any, instead: Any, how: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pixels, "TWICE", 1e9)
    monkeypatch.setattr(_pixels, "fold", None)
    check(kind, instead, how, (8, 12))


@pytest.mark.parametrize(("kind", "instead", "how"), IN_SQUARES)
def test_added_up(kind: Any, instead: Any, how: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pixels, "TWICE", 0)
    monkeypatch.setattr(_pixels, "squares", None)
    check(kind, instead, how, (8, 12), bias=False)


WAYS = {  # inputs, channels, kernel, stride and padding at a picture of 28 x 28
    "squares": [(16, 1, 6, 2, 2), (48, 3, 6, 2, 2), (16, 3, 3, 1, 1), (64, 3, 5, 1, 2)],
    "fold": [(32, 1, 4, 2, 1), (16, 1, 3, 1, 1), (64, 1, 5, 1, 2), (32, 3, 4, 2, 1)],
    "conv_transpose2d": [(16, 6, 3, 1, 1)],
}


@pytest.mark.parametrize(("way", "how"), [(way, how) for way, cases in WAYS.items() for how in cases])
def test_which_way_is_the_fastest(way: str, how: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, channels, kernel, stride, padding = how
    for other in set(WAYS) - {way}:
        monkeypatch.setattr(_pixels, other, None)
    side = (28 + 2 * padding - kernel) // stride + 1
    x, weight = torch.randn(1, inputs, side, side), torch.randn(inputs, channels, kernel, kernel)
    assert to_pixels(x, weight, (stride,) * 2, (padding,) * 2, (28, 28)).shape == (1, channels, 28, 28)


@pytest.mark.parametrize(("channels", "factor"), [(1, 4), (3, 2), (2, 4)])
def test_channels_become_pixels_as_torch_has_it(channels: int, factor: int) -> None:
    x = torch.randn(2, channels * factor**2, 3, 5)
    assert torch.equal(shuffle(x, factor), pixel_shuffle(x, factor))
    assert shuffle(x.contiguous(memory_format=torch.channels_last), factor).is_contiguous()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_four_channels_for_a_pixel_as_torch_has_it(channels: int, bias: bool) -> None:
    torch.manual_seed(0)
    to, of = ToSubpixels(5, channels).double(), OfSubpixels(channels, 5).double()
    if not bias:
        to.bias = of.bias = None
    plain: list[Layer] = [
        lambda x: pixel_shuffle(conv2d(x, to.weight, to.bias, padding=1), 2),
        lambda x: conv2d(pixel_unshuffle(x, 2), of.weight, of.bias, padding=1),
    ]
    maps = torch.randn(3, 5, 4, 6, dtype=torch.float64, requires_grad=True)
    image = torch.randn(3, channels, 8, 12, dtype=torch.float64, requires_grad=True)
    for ours, theirs, x in zip((to, of), plain, (maps, image), strict=True):
        found, wanted = (outcome(layer, [x, *ours.parameters()]) for layer in (ours, theirs))
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("layer", [OfPixels(1, 8, 3, padding=1), OfPixels(3, 8, 3, padding=1), OfSubpixels(1, 8)])
def test_maps_lie_with_the_channels_of_a_pixel_together(layer: nn.Module) -> None:
    layer.to(memory_format=torch.channels_last)
    image = torch.randn(2, layer.in_channels % 4 or 1, 8, 8)
    assert layer(image).is_contiguous(memory_format=torch.channels_last)


def test_of_a_frozen_layer_the_gradient_of_the_image_is_the_only_one() -> None:
    layer, image = OfPixels(1, 8, 3, padding=1).requires_grad_(False), torch.randn(2, 1, 8, 8, requires_grad=True)
    (at_image,) = torch.autograd.grad(layer(image).sum(), image)
    torch.testing.assert_close(at_image, torch.autograd.grad(conv2d(image, layer.weight, padding=1).sum(), image)[0])
