"""The convolutions at a picture's side, where there are few channels, in a fraction of the time.

With one or three channels out torch's own reach a twentieth of what a CPU can do: a core computes sixteen numbers at
once. There are two other ways to the same numbers. Pixels that lie in a square together can be the channels of one
convolution, which has sixteen of them then, and a window that is wide enough for them all, the weights it has too many
being zeros. Or all maps are multiplied with all weights, whose products are then added where they overlap.

`to_pixels` is the transposed convolution, as generators end; `of_pixels` is the plain one, as discriminators begin. The
gradient at what goes into one of them is the other.
"""

from functools import cache
from math import prod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, fold, pad

Pair = tuple[int, ...]
FEW = 4  # channels of a picture; of more of them torch's own are good
TWICE = 2  # the multiplications there are, beyond which adding up is faster than squares


class TransposedToPixels(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d` with few channels out.

    Raises:
        ValueError: a kernel that is no larger than the padding.
    """

    def __init__(
        self, inputs: int, channels: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0
    ) -> None:
        super().__init__(inputs, channels, larger(kernel, padding), stride, padding, output_padding)

    def forward(self, x: Float[Tensor, "n i h w"], output_size: list[int] | None = None) -> Float[Tensor, "n o h2 w2"]:
        """Images as large as stride, padding and output_padding make them, or of the size asked for."""
        stride, padding, kernel = self.stride, self.padding, self.kernel_size
        assert not isinstance(padding, str)
        added = self._output_padding(x, output_size, [*stride], [*padding], [*kernel], 2)
        sides = zip(x.shape[2:], stride, padding, kernel, added, strict=True)
        size = tuple((side - 1) * s - 2 * p + k + more for side, s, p, k, more in sides)
        pixels = to_pixels(x, self.weight, stride, padding, size)
        return pixels if self.bias is None else pixels + self.bias.view(-1, 1, 1)


class ToPixels(nn.Conv2d):
    """`torch.nn.Conv2d` of stride 1 with few channels out.

    Raises:
        ValueError: a kernel that is no larger than the padding.
    """

    def __init__(self, inputs: int, channels: int, kernel: int, padding: int = 0) -> None:
        super().__init__(inputs, channels, larger(kernel, padding), padding=padding)

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        assert not isinstance(self.padding, str)
        kernel = weight.shape[2:]
        size = tuple(side + 2 * p - k + 1 for side, p, k in zip(x.shape[2:], self.padding, kernel, strict=True))
        padding = tuple(k - 1 - p for p, k in zip(self.padding, kernel, strict=True))
        pixels = to_pixels(x, weight.transpose(0, 1).flip(2, 3), self.stride, padding, size)
        return pixels if bias is None else pixels + bias.view(-1, 1, 1)


class OfPixels(nn.Conv2d):
    """`torch.nn.Conv2d` with few channels in.

    Raises:
        ValueError: a kernel that is no larger than the padding.
    """

    def __init__(self, channels: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__(channels, outputs, larger(kernel, padding), stride, padding)

    def _conv_forward(self, image: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        assert not isinstance(self.padding, str)
        return of_pixels(image, weight, bias, self.stride, self.padding)


def larger(kernel: int, padding: int) -> int:
    """The kernel, which is larger than the padding: a border of images that see nothing is not provided for."""
    if kernel <= padding:
        raise ValueError(f"a kernel of {kernel} has to be larger than the padding, which is {padding}")
    return kernel


def to_pixels(
    x: Float[Tensor, "n i h w"], weight: Float[Tensor, "i c k l"], stride: Pair, padding: Pair, size: Pair
) -> Float[Tensor, "n c h2 w2"]:
    """torch's `conv_transpose2d`, to images of that size."""
    image: Tensor = _ToPixels.apply(x, weight, stride, padding, size)  # type: ignore[no-untyped-call]
    return image


def of_pixels(
    image: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "o c k l"],
    bias: Float[Tensor, " o"] | None,
    stride: Pair,
    padding: Pair,
) -> Float[Tensor, "n o h2 w2"]:
    """torch's `conv2d`, to maps that lie with the channels of a pixel together."""
    weight = weight.to(memory_format=torch.channels_last)  # of one channel an image has no say in how they lie
    maps: Tensor = _OfPixels.apply(image, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return maps


class _ToPixels(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, stride: Pair, padding: Pair, size: Pair) -> Tensor:
        context.save_for_backward(x, weight)
        context.how = stride, padding
        return transposed(x, weight, stride, padding, size)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), (stride, padding) = context.saved_tensors, context.how
        of_x, of_weight, *_ = context.needs_input_grad
        at_x = of_pixels(gradient, weight, None, stride, padding) if of_x else None
        # with few channels in, torch's gradient of a weight is good; with few out it takes up to nine times as long
        at_weight, _ = at_layer(gradient, weight, x, stride, padding, [False, of_weight, False])
        return at_x, at_weight, None, None, None


class _OfPixels(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, image: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair
    ) -> Tensor:
        context.save_for_backward(image, weight)
        context.how = stride, padding
        return conv2d(image, weight, bias, stride, padding)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (image, weight), (stride, padding) = context.saved_tensors, context.how
        of_image, of_weight, of_bias, *_ = context.needs_input_grad
        at_image = to_pixels(gradient, weight, stride, padding, image.shape[2:]) if of_image else None
        at_weight, at_bias = at_layer(image, weight, gradient, stride, padding, [False, of_weight, of_bias])
        return at_image, at_weight, at_bias, None, None


def at_layer(
    image: Tensor, weight: Tensor, gradient: Tensor, stride: Pair, padding: Pair, wanted: list[bool]
) -> list[Tensor | None]:
    """The gradients at the weight and the bias of the convolution of an image, from that at its maps."""
    how = [weight.shape[0]], stride, padding, [1, 1], False, [0, 0], 1
    weight = weight.to(memory_format=torch.channels_last)  # or the maps would be laid out anew
    at = torch.ops.aten.convolution_backward(gradient, image, weight, *how, wanted)
    return [x if on else None for x, on in zip(at[1:], wanted[1:], strict=True)]


def transposed(x: Tensor, weight: Tensor, stride: Pair, padding: Pair, size: Pair) -> Tensor:
    """torch's `conv_transpose2d`, to images of that size, by the fastest way there is."""
    channels, kernel = weight.shape[1], weight.shape[2:]
    if channels > FEW or x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        sides = zip(size, x.shape[2:], stride, padding, kernel, strict=True)
        more = [whole - (side - 1) * s + 2 * p - k for whole, side, s, p, k in sides]
        return conv_transpose2d(x, weight, None, stride, padding, more)
    square = 4 if channels == 1 else 2
    if all(whole % square == square % s == 0 for whole, s in zip(size, stride, strict=True)):
        axes = [window(*axis, square) for axis in zip(kernel, stride, padding, size, x.shape[2:], strict=True)]
        if prod(len(taps[0]) for taps, _ in axes) * prod(stride) <= TWICE * prod(kernel):
            (down, above), (across, left) = axes
            return squares(x, weight, down, across, (above, left), tuple(square // s for s in stride))
    # `matmul` would have the rows the other way round where gradients are asked for, and they would have to be turned
    rows = torch.bmm(weight.flatten(1).t().expand(len(x), -1, -1), x.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2))
    return fold(rows, size, kernel, padding=padding, stride=stride)


@cache
def window(kernel: int, stride: int, padding: int, whole: int, side: int, square: int) -> tuple[Tensor, int]:
    """The window that the pixels of a square are made of, along one axis.

    Returns:
        [square, places]: that pixel a takes weight a + padding - stride (r - before) from place r, or, as the number
        behind the last one says, none; and `before`: how many places of the first window lie before the maps.
    """
    ways = [a + padding - t for a in range(square) for t in range(kernel)]
    reach = [way // stride for way in ways if way % stride == 0]
    step, before, last = square // stride, -min(reach), max(reach)
    while (side + before - last - 1) // step + 1 < whole // square:  # as much behind the maps as before them
        before += 1
    taps = [[a + padding - stride * (r - before) for r in range(before + last + 1)] for a in range(square)]
    return torch.tensor([[t if 0 <= t < kernel else kernel for t in row] for row in taps]), before


def squares(x: Tensor, weight: Tensor, down: Tensor, across: Tensor, before: Pair, step: Pair) -> Tensor:
    """The transposed convolution as one that is not, to all pixels of a square as channels."""
    (inputs, channels), (square, high), (_, wide) = weight.shape[:2], down.shape, across.shape
    each = pad(weight, (0, 1, 0, 1)).index_select(2, down.flatten()).index_select(3, across.flatten())
    each = each.view(inputs, channels, square, high, square, wide).permute(1, 2, 4, 3, 5, 0)
    kernel = each.reshape(-1, high, wide, inputs).permute(0, 3, 1, 2)
    return shuffle(conv2d(x, kernel, None, step, before), square)


def shuffle(x: Float[Tensor, "n off h w"], f: int) -> Float[Tensor, "n o fh fw"]:
    """torch's `pixel_shuffle`, of maps that lie with the channels of a pixel together."""
    n, channels, height, width = x.shape
    pairs = x.permute(0, 2, 3, 1).contiguous().view(n, height, width, channels // f**2, f, f // 2, 2)
    # two neighbours in a row of the image are moved as one number
    image = torch.view_as_complex(pairs).permute(0, 3, 1, 4, 2, 5).contiguous()
    return torch.view_as_real(image).view(n, channels // f**2, f * height, f * width)
