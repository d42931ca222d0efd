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


def check(kind: Any, instead: Any, how: tuple[int, ...], size: tuple[int, int], *, bias: bool = True) -> None:
    """In double precision, and in single precision, for which there is other code in torch."""
    inputs, outputs, kernel, *more = how
    names = ["stride", "padding", "output_padding"] if kind is not ToPixels else ["padding"]
    options = dict(zip(names, more if kind is not ToPixels else more[1:], strict=False))
    for dtype, error in (torch.float64, 1e-12), (torch.float32, 1e-4):  # of the largest number
        torch.manual_seed(0)
        ours, theirs = kind(inputs, outputs, kernel, **options).to(dtype), instead(*how[:3], **options).to(dtype)
        theirs.load_state_dict(ours.state_dict())
        if not bias:
            ours.bias = theirs.bias = None
        ours.to(memory_format=torch.channels_last)
        x = torch.randn(3, inputs, *size, dtype=dtype, requires_grad=True)
        for given in x, x.detach().to(memory_format=torch.channels_last).requires_grad_():
            found, wanted = (outcome(layer, [given, *layer.parameters()]) for layer in (ours, theirs))
            assert all((a - b).abs().max() <= error * b.abs().max() for a, b in zip(found, wanted, strict=True))


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


def test_an_image_of_the_size_that_is_asked_for() -> None:
    ours, theirs, x = TransposedToPixels(4, 1, 3, 2, 1), nn.ConvTranspose2d(4, 1, 3, 2, 1), torch.randn(2, 4, 5, 6)
    theirs.load_state_dict(ours.state_dict())
    for size in ([9, 11], [10, 12]):
        torch.testing.assert_close(ours(x, size), theirs(x, size))


@pytest.mark.parametrize("kind", [TransposedToPixels, ToPixels, OfPixels])
def test_a_padding_as_large_as_the_kernel_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="a kernel of 2 has to be larger than the padding, which is 2"):
        kind(1, 1, 2, padding=2)


@pytest.mark.parametrize("layer", [ToPixels(4, 1, 3, 1), ToPixels(4, 3, 3, 1), ToSubpixels(4, 1), OfPixels(4, 2, 3)])
def test_of_no_images_there_are_none(layer: nn.Module) -> None:
    given = torch.randn(0, 4, 8, 8, requires_grad=True)
    made = layer(given)
    assert len(made) == 0
    assert torch.autograd.grad(made.sum(), given)[0].shape == given.shape


def test_half_precision_is_torchs() -> None:
    layer, x = ToPixels(4, 3, 3, padding=1).bfloat16(), torch.randn(2, 4, 8, 8, dtype=torch.bfloat16)
    assert layer.bias is not None
    torch.testing.assert_close(layer(x), conv2d(x, layer.weight, layer.bias, padding=1), rtol=0.05, atol=0.05)


WAYS = {  # inputs, channels, kernel, stride and padding at a picture of 28 x 28
    "squares": [(16, 1, 6, 2, 2), (48, 3, 6, 2, 2), (16, 3, 3, 1, 1), (64, 3, 5, 1, 2), (16, 4, 3, 1, 1)],
    "fold": [(32, 1, 4, 2, 1), (16, 1, 3, 1, 1), (64, 1, 5, 1, 2), (32, 3, 4, 2, 1)],
    "conv_transpose2d": [(16, 5, 3, 1, 1)],
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


@pytest.mark.parametrize(
    ("layer", "channels"),
    [
        (OfPixels(1, 8, 3, padding=1), 1),
        (OfPixels(3, 8, 3, padding=1), 3),
        (OfSubpixels(1, 8), 1),
        (OfSubpixels(3, 8), 3),
    ],
)
def test_maps_lie_with_the_channels_of_a_pixel_together(layer: nn.Module, channels: int) -> None:
    layer.to(memory_format=torch.channels_last)
    assert layer(torch.randn(2, channels, 8, 8)).is_contiguous(memory_format=torch.channels_last)


def test_no_gradient_is_computed_that_nothing_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[list[bool]] = []
    at_layer = _pixels.at_layer

    def noted(*given: Any) -> Any:
        wanted.append(given[-1])
        return at_layer(*given)

    monkeypatch.setattr(_pixels, "at_layer", noted)
    image = torch.randn(2, 1, 8, 8)
    frozen = OfPixels(1, 8, 3, padding=1).requires_grad_(False)
    (at_image,) = torch.autograd.grad(frozen(image.requires_grad_()).sum(), image)
    torch.testing.assert_close(at_image, torch.autograd.grad(conv2d(image, frozen.weight, padding=1).sum(), image)[0])
    to = ToPixels(4, 1, 3, padding=1).requires_grad_(False)
    torch.autograd.grad(to(maps := torch.randn(2, 4, 8, 8, requires_grad=True)).sum(), maps)
    assert wanted == [[False, False, False], [False, False, False]]
    monkeypatch.setattr(_pixels, "to_pixels", None)
    OfPixels(1, 8, 3, padding=1)(image.detach()).sum().backward()  # of an image that is given
