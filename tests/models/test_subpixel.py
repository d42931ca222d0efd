"""The generator whose batch norm follows the latent."""

import torch
from torch.nn.functional import batch_norm

from elegans.models.subpixel import Generator, Norm


def test_it_begins_as_batch_norm() -> None:
    x, code = torch.randn(8, 6, 5, 5), torch.randn(8, 3)
    expected = batch_norm(x, None, None, training=True)
    torch.testing.assert_close(Norm(6, 3)(x, code), expected)


def test_scale_and_shift_of_each_image_are_linear_in_its_code() -> None:
    torch.manual_seed(0)
    layer, x, code = Norm(6, 3), torch.randn(8, 6, 5, 5), torch.randn(8, 3)
    assert layer.affine is not None
    torch.nn.init.normal_(layer.affine.weight)
    torch.nn.init.normal_(layer.affine.bias)
    normal = batch_norm(x, None, None, training=True)
    weight, bias = layer.affine.weight, layer.affine.bias
    expected = torch.stack(
        [
            normal[i] * (1 + weight[:6] @ code[i] + bias[:6]).view(6, 1, 1)
            + (weight[6:] @ code[i] + bias[6:]).view(6, 1, 1)
            for i in range(8)
        ]
    )
    torch.testing.assert_close(layer(x, code), expected, rtol=1e-4, atol=1e-5)


def test_without_a_code_it_stays_batch_norm() -> None:
    torch.manual_seed(0)
    layer, x = Norm(6, 0), torch.randn(8, 6, 5, 5)
    assert [name for name, _ in layer.named_parameters()] == ["norm.weight", "norm.bias"]
    torch.testing.assert_close(layer(x, torch.randn(8, 3)), batch_norm(x, None, None, training=True))


def test_both_its_norms_hear_latent_and_class() -> None:
    torch.manual_seed(0)
    generator, z, y = Generator((1, 8, 8), 3, 4, 5, modulated=True).eval(), torch.randn(2, 4), torch.tensor([0, 1])
    for layer in (generator.early, generator.late):
        assert layer.affine is not None
        assert layer.affine.in_features == 8
        before = generator(z, y)
        torch.nn.init.normal_(layer.affine.weight)
        assert not torch.allclose(generator(z, y), before, atol=1e-3)
