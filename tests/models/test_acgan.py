"""The ACGAN's parts: cheaper upsampling is exact, labels come in by a product, the head says the class."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from elegans.models import acgan, acgan_lite
from elegans.models._conditions import Head, Product
from elegans.models._upsample import UpsampledConv


def slow(layer: UpsampledConv, x: Tensor) -> Tensor:
    """What it stands for."""
    return conv2d(interpolate(x, scale_factor=2, mode="nearest"), layer.weight, layer.bias, padding=2)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=str)
@pytest.mark.parametrize("size", [(7, 7), (1, 1), (2, 5)], ids=str)
def test_upsampling_and_a_convolution_in_one_is_exact(
    dtype: torch.dtype, tolerance: float, size: tuple[int, int]
) -> None:
    layer, x = UpsampledConv(6, 5).to(dtype), torch.randn(3, 6, *size, dtype=dtype, requires_grad=True)
    fast, plain = layer(x), slow(layer, x)
    assert fast.shape == (3, 5, 2 * size[0], 2 * size[1])
    torch.testing.assert_close(fast, plain, rtol=tolerance, atol=tolerance)
    weights = [x, layer.weight, layer.bias]
    seen = torch.randn_like(plain)
    for a, b in zip(torch.autograd.grad(fast, weights, seen), torch.autograd.grad(plain, weights, seen), strict=True):
        torch.testing.assert_close(a, b, rtol=10 * tolerance, atol=10 * tolerance)


def test_it_saves_what_a_plain_convolution_saves() -> None:
    assert {name: tuple(v.shape) for name, v in UpsampledConv(6, 5).state_dict().items()} == {
        "weight": (5, 6, 5, 5),
        "bias": (5,),
    }


def test_the_whole_generator_is_that_of_the_original() -> None:
    generator = acgan.build((1, 28, 28), 10, 10)["generator"].double().eval()
    z, y = torch.rand(4, 10, dtype=torch.float64), torch.tensor([0, 3, 3, 9])
    x = z * generator.label.label.weight[y]
    linear1, _, linear2, _, _, up1, _, up2, _ = generator.layers
    x = linear2(linear1(x).relu()).relu().view(4, 128, 7, 7)
    x = slow(up2, slow(up1, x).relu()).relu()
    expected = conv2d(pad(x, (0, 1, 0, 1)), generator.last.weight, generator.last.bias).tanh()
    torch.testing.assert_close(generator(z, y), expected)


def test_the_product_is_one() -> None:
    product, z = Product(3, 5), torch.randn(4, 5)
    y = torch.tensor([2, 0, 1, 1])
    torch.testing.assert_close(product(z, y), torch.stack([z[i] * product.label.weight[k] for i, k in enumerate(y)]))
    torch.testing.assert_close(product(z, None), z * product.label.weight[0])
    assert torch.equal(Product(0, 5)(z, y), z)
    normalised = Product(3, 5, batch_norm=True)(z, y)
    torch.testing.assert_close(normalised.mean(0), torch.zeros(5), atol=1e-6, rtol=0)


def test_the_head_has_logits_only_with_classes() -> None:
    x = torch.randn(4, 6)
    assert Head(6, 0)(x).classes is None
    verdict = Head(6, 3)(x)
    assert verdict.score.shape == (4,)
    assert verdict.classes is not None
    assert verdict.classes.shape == (4, 3)


def test_one_latent_is_one_image_unless_fresh_masks_are_asked_for() -> None:
    z, y = torch.rand(3, 10), torch.tensor([1, 2, 3])
    fixed = acgan_lite.build((1, 28, 28), 10, 10)["generator"].eval()
    assert torch.equal(fixed(z, y), fixed(z, y))
    fresh = acgan_lite.build((1, 28, 28), 10, 10, fresh=True)["generator"].eval()
    assert not torch.equal(fresh(z, y), fresh(z, y))
    assert not torch.equal(fixed.train()(z, y), fixed(z, y))


def test_the_transposed_generator_makes_28_pixels_only() -> None:
    with pytest.raises(ValueError, match="28 x 28 with the transposed generator, not 32 x 32"):
        acgan.build((1, 32, 32), 10, 10, transposed=True)
