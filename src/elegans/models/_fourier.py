"""Convolutions of large kernels on small maps, computed where they are products: after a Fourier transform.

A 5x5 convolution of a 7x7 map multiplies 1,225 times for each pair of channels, of which a third meets only padding; on
18 x 18 points and a 16x16 map it is 6,400 times against 720 here. The function is the same to rounding, and so are its
gradients, which autograd makes of the same products (Mathieu et al. 2014, arXiv:1312.5851).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from elegans.models._layout import together
from elegans.models._products import product

Size = tuple[int, int]  # height and width of the maps


class FourierConv(nn.Conv2d):
    """`torch.nn.Conv2d` of stride 1 that keeps the size, for maps of one size.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: an odd number, height and width.
        size: of the maps.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, size: Size) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self.transforms = Transforms(size, kernel, turned=True)  # what is called a convolution is a correlation

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        """Maps of the same size."""
        made: Tensor = self.transforms(x, self.weight.transpose(0, 1), self.bias)
        return made


class FourierTransposed(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d` of stride 1 that keeps the size, for maps of one size.

    Args:
        inputs: channels in.
        outputs: channels out.
        kernel: an odd number, height and width.
        size: of the maps.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, size: Size) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2)
        self.transforms = Transforms(size, kernel)

    def forward(self, x: Float[Tensor, "n i h w"], output_size: list[int] | None = None) -> Float[Tensor, "n o h w"]:
        """Maps of the same size."""
        made: Tensor = self.transforms(x, self.weight, self.bias)
        return made


class Transforms(nn.Module):
    """The Fourier transforms of maps and kernels, and back, as matrices: on maps so small they are faster than FFTs.

    The circle has as many points as keep what wraps around it out of the middle that is kept: side + kernel // 2.

    Args:
        size: of the maps.
        kernel: an odd number, height and width.
        turned: kernels are given turned by half a circle.
    """

    maps: Tensor
    kernels: Tensor
    back: Tensor

    def __init__(self, size: Size, kernel: int, turned: bool = False) -> None:
        super().__init__()
        middle = kernel // 2
        points = [side + kernel - 1 - middle for side in size]
        maps = torch.fft.rfft2(_units(*size), points).flatten(1).t()  # [f, h w]
        kernels = torch.fft.rfft2(_units(kernel, kernel), points).flatten(1).t()
        kernels = kernels.flip(1) if turned else kernels
        half = points[0] * (points[1] // 2 + 1)
        units = torch.eye(half, dtype=torch.complex128).view(half, points[0], -1)
        real, imaginary = (
            torch.fft.irfft2(one * units, points)[:, middle : middle + size[0], middle : middle + size[1]].flatten(1)
            for one in (1, 1j)
        )
        # rows f, (real, imaginary): a batch of 2 n maps a frequency
        self._keep("maps", torch.stack([maps.real, maps.imag], 1).flatten(0, 1))
        self._keep("kernels", torch.cat([kernels.real, kernels.imag]))
        # (a + b i)(c + d i) = ac - bd + (ad + bc) i: of the products with c, and of those with d
        with_real, with_imaginary = torch.stack([real, imaginary], 1), torch.stack([imaginary, -real], 1)
        self._keep("back", torch.stack([with_real.flatten(0, 1).t(), with_imaginary.flatten(0, 1).t()]))

    def forward(
        self, x: Float[Tensor, "n i h w"], kernel: Float[Tensor, "i o k k"], bias: Tensor | None
    ) -> Float[Tensor, "n o h w"]:
        """The convolution of x, its middle, with the channels of a pixel together."""
        (n, i, h, w), o = x.shape, kernel.shape[1]
        x = together(x)
        maps = product(self.maps.to(x.dtype), x.permute(2, 3, 0, 1).reshape(h * w, n * i)).view(-1, 2 * n, i)
        kernels = product(self.kernels.to(x.dtype), kernel.permute(2, 3, 0, 1).reshape(-1, i * o))
        parts = zip(self.back.to(x.dtype), kernels.view(2, -1, i, o), strict=True)
        real, imaginary = (product(back, torch.bmm(maps, part).view(-1, n * o)) for back, part in parts)
        made = (real + imaginary).view(h, w, n, o)
        if bias is not None:
            made = made + bias
        return together(made.permute(2, 3, 0, 1))

    def _keep(self, name: str, matrix: Tensor) -> None:
        self.register_buffer(name, matrix.to(torch.float32).contiguous(), persistent=False)


def _units(height: int, width: int) -> Tensor:
    """Each unit image, [h w, h, w]."""
    return torch.eye(height * width, dtype=torch.float64).view(-1, height, width)
