"""The faithful pairs of the logograms, faces and cars: exactly as many parameters, dropout, other sizes."""

import pytest
import torch
from torch import Tensor, nn

from elegans import find
from elegans.models._blocks import Shape
from elegans.networks import networks


def counted(network: nn.Module) -> int:
    """As Keras counts: the running mean and variance of a batch norm are parameters too."""
    statistics: list[Tensor] = [b for name, b in network.named_buffers() if "running" in name]
    return sum(value.numel() for value in [*network.parameters(), *statistics])


@pytest.mark.parametrize(
    ("recipe", "shape", "generator", "discriminator"),
    [
        ("logograms", (1, 128, 128), 8_739_457, 6_629_633),
        ("faces-mnist", (1, 28, 28), 6_840_577, 1_031_681),
        ("faces", (3, 28, 28), 6_843_779, 1_034_881),
        ("cars", (3, 32, 32), 6_264_579, 790_913),
    ],
)
def test_the_faithful_pairs_have_as_many_parameters_as_their_originals(
    recipe: str, shape: Shape, generator: int, discriminator: int
) -> None:
    config = find.recipe(recipe).config.override({"model.shape": shape})
    made = networks(config, find.recipe(recipe))
    assert {name: counted(network) for name, network in made.items()} == {
        "generator": generator,
        "discriminator": discriminator,
    }


def test_the_logograms_count_their_statistics() -> None:
    config = find.recipe("logograms").config.override({"model.shape": (1, 128, 128)})
    generator = networks(config, find.recipe("logograms"))["generator"]
    assert counted(generator) - sum(p.numel() for p in generator.parameters()) == 16_384


@pytest.mark.parametrize(("recipe", "share"), [("faces", 0.1), ("cars", 0.4)])
def test_dropout_is_there_in_training_only(recipe: str, share: float) -> None:
    config = find.recipe(recipe).config.override({"model.shape": (3, 32, 32)})
    discriminator = networks(config, find.recipe(recipe))["discriminator"]
    assert {layer.p for layer in discriminator.modules() if isinstance(layer, nn.Dropout)} == {share}
    images = torch.randn(4, 3, 32, 32)
    assert not torch.equal(discriminator(images).score, discriminator(images).score)
    discriminator.eval()
    assert torch.equal(discriminator(images).score, discriminator(images).score)


def test_a_logogram_of_other_sides_is_the_upper_left_of_a_larger_one() -> None:
    torch.manual_seed(0)
    whole = find.find("models", "logogram").build((1, 32, 48), 0, 5)["generator"].eval()
    part = find.find("models", "logogram").build((1, 20, 36), 0, 5)["generator"].eval()
    part.load_state_dict(whole.state_dict())
    z = torch.randn(2, 5)
    assert torch.equal(part(z), whole(z)[:, :, :20, :36])
