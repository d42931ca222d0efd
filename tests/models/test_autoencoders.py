"""The networks of the autoencoders: sizes, ranges, initial weights, and what they compute where it can be told."""

from typing import Any

import pytest
import torch
from torch import nn

from elegans import Config, RequestError, find
from elegans.models._blocks import Shape
from elegans.networks import networks

RECIPES = ["autoencoder", "conv-autoencoder", "denoising-autoencoder", "vae"]
DENSE: dict[str, Any] = {"model.name": "dense_autoencoder", "latent.size": 32}
CONV: dict[str, Any] = {"model.name": "conv_autoencoder", "latent.size": 128, "model.widths": [6, 5]}
VARIATIONAL = {"model.variational": True}
N = 3


def built(fields: dict[str, Any], shape: Shape = (1, 28, 28)) -> dict[str, nn.Module]:
    config = Config().override({"model.shape": shape, "model.classes": 0, **fields})
    return networks(config, find.recipe(config))


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("recipe", "encoder", "decoder", "both"),
    [
        ("autoencoder", 25_120, 25_872, 50_992),
        ("conv-autoencoder", 1_904, 2_481, 4_385),
        ("denoising-autoencoder", 14_192, 16_497, 30_689),
        ("vae", 201_988, 202_256, 404_244),
    ],
)
def test_parameter_counts(recipe: str, encoder: int, decoder: int, both: int) -> None:
    config = find.recipe(recipe).config.override({"model.shape": (1, 28, 28)})
    made = networks(config, find.recipe(recipe))
    assert {name: count(network) for name, network in made.items()} == {"encoder": encoder, "decoder": decoder}
    assert encoder + decoder == both


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 30, 27), (1, 25, 31)], ids=str)
@pytest.mark.parametrize(
    "fields",
    [DENSE, DENSE | {"model.widths": [20, 9]}, DENSE | VARIATIONAL, CONV, CONV | VARIATIONAL],
    ids=["dense", "deep", "variational", "convolutional", "convolutional variational"],
)
def test_images_to_codes_and_back(fields: dict[str, Any], shape: Shape) -> None:
    made = built(fields, shape)
    x = torch.rand(N, *shape) * 2 - 1
    code = made["encoder"](x)
    assert code.mean.shape == (N, fields["latent.size"])
    z = code.mean
    if "model.variational" in fields:
        assert code.log_variance.shape == code.mean.shape
        assert code.mean.min() < 0  # it is not rectified
        z = z + code.log_variance
    else:
        assert code.log_variance is None
        assert code.mean.min() == 0
    logits = made["decoder"](z)
    assert logits.shape == (N, *shape)
    parameters = [p for network in made.values() for p in network.parameters()]
    gradients = torch.autograd.grad(logits.square().sum(), parameters)
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)


@pytest.mark.parametrize("fields", [DENSE, CONV, CONV | VARIATIONAL])
def test_layers_see_black_as_zero(fields: dict[str, Any]) -> None:
    encoder = built(fields)["encoder"]
    assert not encoder(-torch.ones(1, 1, 28, 28)).mean.any()  # biases are zero


def test_a_dense_code_is_a_rectified_linear_map() -> None:
    encoder, x = built(DENSE)["encoder"], torch.rand(N, 1, 28, 28) * 2 - 1
    weight = encoder.get_parameter("code.weight")
    expected = (((x + 1) / 2).flatten(1) @ weight.T).clamp(min=0)
    torch.testing.assert_close(encoder(x).mean, expected)


def test_a_convolutional_code_is_maps_of_an_eighth() -> None:
    """A bright corner shows in its own corner of every map, and nowhere else; so it does on the way back."""
    made = built(CONV)
    x = -torch.ones(1, 1, 28, 28)
    x[..., 24:, 24:] = 1
    maps = made["encoder"](x).mean.view(8, 4, 4)
    assert maps[:, 3, 3].any()
    assert not maps[:, :2].any()
    code = torch.zeros(1, 8, 4, 4)
    code[..., 0, 0] = 1
    bright = made["decoder"](code.flatten(1))[0, 0] != 0
    assert bright[:6, :6].any()
    assert not bright[:, 16:].any()


def test_the_sizes_on_the_way_back_are_those_of_the_way_in() -> None:
    decoder = built(CONV, (1, 28, 28))["decoder"]
    assert (decoder.code, decoder.sizes) == ((8, 4, 4), [(7, 7), (14, 14), (28, 28)])
    assert [c.out_channels for c in decoder.convolutions] == [8, 5, 6]
    decoder = built(CONV | {"latent.size": 96}, (1, 25, 31))["decoder"]
    assert (decoder.code, decoder.sizes) == ((6, 4, 4), [(7, 8), (13, 16), (25, 31)])


def test_halving_keeps_the_last_row_and_column_of_an_odd_side() -> None:
    from elegans.models.conv_autoencoder import half

    maps = torch.zeros(1, 1, 7, 7)
    maps[..., 6, 6] = maps[..., 0, 1] = 1
    assert half(maps)[0, 0].nonzero().tolist() == [[0, 0], [3, 3]]


@pytest.mark.parametrize("recipe", RECIPES)
def test_weights_begin_as_in_keras(recipe: str) -> None:
    config = find.recipe(recipe).config.override({"model.shape": (1, 28, 28)})
    for network in networks(config, find.recipe(recipe)).values():
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                heads = 2 if recipe == "vae" and layer is getattr(network, "code", None) else 1
                for weight in layer.weight.chunk(heads):
                    field = weight[0, 0].numel()  # 1 for a linear layer
                    bound = (6 / (field * sum(weight.shape[:2]))) ** 0.5
                    assert weight.abs().max() <= bound
                    if weight.numel() > 500:
                        assert weight.abs().max() > 0.98 * bound
                        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
                assert layer.bias is not None
                assert not layer.bias.any()


def test_mean_and_variance_begin_as_layers_of_their_own() -> None:
    encoder = built(DENSE | VARIATIONAL | {"model.widths": [10], "latent.size": 64})["encoder"]
    for head in encoder.get_parameter("code.weight").chunk(2):
        assert head.abs().max().item() == pytest.approx((6 / (10 + 64)) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("fields", "shape", "message"),
    [
        (CONV | {"latent.size": 100}, (1, 28, 28), r"maps of 4 x 4 here; latent\.size is a multiple of 16, not 100"),
        (CONV, (1, 24, 40), r"maps of 3 x 5 here; latent\.size is a multiple of 15, not 128"),
        (CONV | {"model.widths": []}, (1, 28, 28), r"model\.widths = \[\]: list should have at least 1 item"),
        (CONV | {"model.widths": [0]}, (1, 28, 28), r"model\.widths\.0 = 0: input should be greater than 0"),
        (DENSE | {"model.widths": [-1]}, (1, 28, 28), r"model\.widths\.0 = -1: input should be greater than 0"),
        (DENSE | {"model.width": 8}, (1, 28, 28), r"no field 'model\.width'; did you mean 'model\.widths'"),
    ],
)
def test_what_cannot_be_built(fields: dict[str, Any], shape: Shape, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        built(fields, shape)
