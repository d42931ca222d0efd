"""3x3 convolutions at half of an image's size, where a pixel has the four of the image as channels.

Sub-pixel convolution, Shi et al. 2016 (arXiv:1609.05158), section 3.2, and its transpose. Their weights are those of
torch's Conv2d before `pixel_shuffle` or behind `pixel_unshuffle`; together with these they are convolutions of 6x6 and
stride 2 at the full size, and computed as such.
"""

from torch import Tensor, nn

from elegans.models._pixels import of_pixels, to_pixels

STRIDE = PADDING = (2, 2)


class ToSubpixels(nn.Conv2d):
    """A convolution to four channels for each of the image, and these as its pixels.

    Args:
        inputs: channels in.
        outputs: channels of the image.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, 4 * outputs, 3, padding=1)

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        (height, width), inputs = x.shape[2:], weight.shape[1]
        kernel = weight.view(-1, 2, 2, inputs, 3, 3).flip(4, 5).permute(3, 0, 4, 1, 5, 2).reshape(inputs, -1, 6, 6)
        image = to_pixels(x, kernel, STRIDE, PADDING, (2 * height, 2 * width))
        if bias is None:
            return image
        return image + bias.view(-1, 1, 2, 1, 2).expand(-1, height, 2, width, 2).reshape(image.shape[1:])


class OfSubpixels(nn.Conv2d):
    """The pixels of an image as four channels for each of its own, and of these a convolution.

    Args:
        inputs: channels of the image.
        outputs: channels out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(4 * inputs, outputs, 3, padding=1)

    def _conv_forward(self, image: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        outputs = len(weight)
        kernel = weight.view(outputs, -1, 2, 2, 3, 3).permute(0, 1, 4, 2, 5, 3).reshape(outputs, -1, 6, 6)
        return of_pixels(image, kernel, bias, STRIDE, PADDING)
