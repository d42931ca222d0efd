"""The light pair: how it begins, how many levels it has, and what is normalised."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate

from elegans.models import sngan
from elegans.models._blocks import Shape, SpectralNorm
from elegans.models._modulation import Norm
from elegans.models.sngan import upsampling_


def test_it_begins_as_upsampling_and_a_convolution() -> None:
    """The kernel of which it is made stands in the corners and edges of the transposed one."""
    layer = upsampling_(nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1, bias=False))
    corner = layer.weight.detach()
    # of [a, b, c] along a side the four taps are [c, b + c, a + b, a]
    rows = torch.stack([corner[:, :, 3], corner[:, :, 2] - corner[:, :, 3], corner[:, :, 0]], 2)
    kernel = torch.stack([rows[..., 3], rows[..., 2] - rows[..., 3], rows[..., 0]], 3)
    x = torch.randn(2, 5, 4, 6)
    plain = conv2d(interpolate(x, scale_factor=2, mode="nearest"), kernel.transpose(0, 1), padding=1)
    torch.testing.assert_close(layer(x), plain)
    assert kernel.std() == pytest.approx((1 / 45) ** 0.5, rel=0.2)


def test_there_is_no_checkerboard_before_training() -> None:
    """Equal maps give equal pixels away from the border, as no transposed convolution with torch's weights does."""
    inside = upsampling_(nn.ConvTranspose2d(6, 2, 4, stride=2, padding=1))(torch.ones(1, 6, 5, 5))[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(inside, inside[:, :, :1, :1].expand_as(inside))
    inside = nn.ConvTranspose2d(6, 2, 4, stride=2, padding=1)(torch.ones(1, 6, 5, 5))[:, :, 1:-1, 1:-1]
    assert inside.var((2, 3)).min() > 1e-4


@pytest.mark.parametrize(
    ("shape", "start", "levels"),
    [
        ((1, 28, 28), (7, 7), 2),
        ((3, 32, 32), (4, 4), 3),
        ((3, 64, 64), (4, 4), 4),
        ((1, 128, 128), (4, 4), 5),
        ((1, 16, 24), (4, 6), 2),
        ((3, 8, 64), (4, 32), 1),
        ((3, 12, 12), (3, 3), 2),
    ],
    ids=str,
)
def test_the_sides_are_halved_while_they_are_even_and_longer_than_four(
    shape: Shape, start: tuple[int, int], levels: int
) -> None:
    made = sngan.build(shape, 0, 5, width=2, discriminator_width=4)
    ups = [layer for layer in made["generator"].modules() if isinstance(layer, nn.ConvTranspose2d)]
    downs = [layer for layer in made["discriminator"].modules() if isinstance(layer, SpectralNorm)]
    assert len(ups) == len(downs) == levels
    assert [up.in_channels for up in ups] == [4 << k for k in reversed(range(levels))]
    seen: list[tuple[int, ...]] = []
    ups[0].register_forward_hook(lambda module, given, out: seen.append(tuple(given[0].shape[2:])))
    assert made["generator"](torch.randn(3, 5)).shape == (3, *shape)
    assert seen == [start]


def test_no_map_has_more_channels_than_the_most() -> None:
    made = sngan.build((1, 128, 128), 0, 5, width=8, discriminator_width=4, most=20)
    widths = [layer.in_channels for layer in made["generator"].modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert widths == [20, 20, 20, 20, 16]
    convolutions = [layer for layer in made["discriminator"].modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [4, 8, 16, 20, 20]


def test_the_convolutions_of_the_discriminator_are_normalised_and_its_last_layer_is_free() -> None:
    """Under spectral norm the scores of pictures stayed within a tenth, and the generator learnt next to nothing."""
    discriminator = sngan.build((1, 28, 28), 0, 5)["discriminator"]
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    (linear,) = [layer for layer in discriminator.modules() if isinstance(layer, nn.Linear)]
    normalised = [layer.layer for layer in discriminator.modules() if isinstance(layer, SpectralNorm)]
    assert convolutions == normalised
    assert linear not in normalised


def test_modulated_it_begins_as_it_is_without_and_then_listens_to_the_latent_at_every_level() -> None:
    plain = sngan.Generator((3, 16, 16), 5, [8, 4, 2], False)
    modulated = sngan.Generator((3, 16, 16), 5, [8, 4, 2], True)
    modulated.load_state_dict(plain.state_dict(), strict=False)  # but for the norms, whose affine values are 1 and 0
    z = torch.randn(4, 5)
    assert torch.equal(modulated(z), plain(z))
    norms = [layer for layer in modulated.layers if isinstance(layer, Norm)]
    assert [norm.norm.num_features for norm in norms] == [8, 4, 2]
    for norm in norms:
        assert norm.affine is not None
        before = modulated(z)
        nn.init.normal_(norm.affine.weight)
        assert not torch.equal(modulated(z), before)
