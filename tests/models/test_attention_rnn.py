"""The LSTMs of rows: parameters of the original in every mode, all of them trained, and attention that matters."""

from itertools import product
from typing import get_args

import pytest
import torch
from torch import nn

from elegans.models.attention_rnn import Mode, build

SHAPE, LATENT, N = (1, 28, 28), 100, 4
MODES: tuple[Mode, ...] = get_args(Mode)
MORE = {"none": 0, "1d": 41_216 + 640, "2d": 7_324}  # attention, and the vectors of the labels


def made(generator: Mode, discriminator: Mode, classes: int = 10) -> dict[str, nn.Module]:
    return build(SHAPE, classes, LATENT, generator_attention=generator, discriminator_attention=discriminator)


@pytest.mark.parametrize(("generator", "discriminator"), list(product(MODES, MODES)))
def test_parameters_are_those_of_the_original_and_all_are_trained(generator: Mode, discriminator: Mode) -> None:
    networks = made(generator, discriminator)
    count = {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}
    assert count == {"generator": 120_860 + MORE[generator], "discriminator": 80_513 + MORE[discriminator]}
    score = networks["discriminator"](networks["generator"](torch.rand(N, LATENT), torch.arange(N)), torch.arange(N))
    parameters = [p for network in networks.values() for p in network.parameters()]
    for gradient in torch.autograd.grad(score.score.square().sum(), parameters):
        assert gradient.isfinite().all()
        assert gradient.any()


@pytest.mark.parametrize("mode", MODES)
def test_the_label_counts_where_attention_is_to_it(mode: Mode) -> None:
    networks = made(mode, mode)
    z, y = torch.rand(1, LATENT).expand(10, -1), torch.arange(10)
    images, scores = (
        networks["generator"](z, y),
        networks["discriminator"](torch.randn(1, *SHAPE).expand(10, -1, -1, -1), y).score,
    )
    for values in (images.flatten(1), scores.unsqueeze(1)):
        different = (values - values[0]).abs().amax(1)[1:] > 1e-6
        assert different.all() if mode == "1d" else not different.any()


def test_a_row_of_shares_is_a_label_and_no_label_is_the_first() -> None:
    generator, z = made("1d", "1d")["generator"], torch.rand(N, LATENT)
    y = torch.tensor([3, 1, 4, 1])
    torch.testing.assert_close(generator(z, torch.eye(10)[y]), generator(z, y))
    first = generator(z, torch.zeros(N, dtype=torch.long))
    torch.testing.assert_close(generator(z), first)
    torch.testing.assert_close(generator(z, torch.full((N,), -1)), first)
    torch.testing.assert_close(made("1d", "1d", classes=0)["generator"](z, y).shape, first.shape)


def test_a_generator_that_looks_at_rows_sees_what_it_has_drawn() -> None:
    """Its first row does not depend on the gate of rows drawn later, and a step is the one of the equations."""
    generator = made("2d", "2d")["generator"].double()
    z = torch.rand(N, LATENT, dtype=torch.float64)
    images = generator(z)[:, 0]
    h, c = torch.zeros(2, N, 128, dtype=torch.float64)
    drawn = torch.zeros(N, 28, 28, dtype=torch.float64)
    loop = generator.lstm.loop(N, 28)
    for k in range(28):
        h, c = loop.step(z, (h, c))
        h = h * generator.attention(h, drawn)
        drawn[:, k] = torch.tanh(generator.row(h)).detach()
        torch.testing.assert_close(images[:, k].detach(), drawn[:, k])


def test_the_discriminator_reads_rows_from_the_top() -> None:
    """Only the last row of what it reads is seen by the last step alone."""
    discriminator = made("none", "none")["discriminator"]
    x = torch.randn(1, *SHAPE, requires_grad=True)
    said = discriminator.lstm.unroll(discriminator.lstm.project(x[:, 0]))
    torch.testing.assert_close(discriminator(x).score, discriminator.score(said[-1]).squeeze(1))
    (gradient,) = torch.autograd.grad(said[9].sum(), x)
    assert gradient[0, 0, :10].any(1).all()
    assert not gradient[0, 0, 10:].any()


def test_colours_and_other_sides() -> None:
    networks = build((3, 9, 11), 4, 5, units=8, generator_attention="2d", discriminator_attention="2d")
    images = networks["generator"](torch.randn(2, 5))
    assert images.shape == (2, 3, 9, 11)
    assert networks["discriminator"](images).score.shape == (2,)


def test_a_row_of_a_colour_image_has_its_channels_one_after_the_other() -> None:
    """The discriminator's rows are the generator's."""
    networks = build((3, 4, 5), 0, 2, units=8)
    rows = torch.tanh(torch.randn(1, 4, 15))
    image = rows.view(1, 4, 3, 5).transpose(1, 2)
    networks["generator"].lstm.unroll = lambda *_, **__: [torch.zeros(1, 8)] * 4  # type: ignore[method-assign]
    networks["generator"].row = nn.Linear(8, 15)
    with torch.no_grad():
        networks["generator"].row.bias.copy_(torch.atanh(rows[0, 0]))
    torch.testing.assert_close(networks["generator"](torch.zeros(1, 2))[:, :, 0], image[:, :, 0])
    said = networks["discriminator"].lstm
    expected = networks["discriminator"].score(said.unroll(said.project(rows))[-1]).squeeze(1)
    torch.testing.assert_close(networks["discriminator"](image).score, expected)
