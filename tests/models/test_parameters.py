"""The networks of the recipes have exactly as many parameters as their originals."""

from collections.abc import Callable

import pytest
from torch import nn

from elegans import find
from elegans.networks import networks


def trainable(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def with_statistics(network: nn.Module) -> int:
    """As Keras counts: the running mean and variance of a batch norm are parameters too."""
    return trainable(network) + sum(b.numel() for name, b in network.named_buffers() if "running" in name)


@pytest.mark.parametrize(
    ("recipe", "count", "generator", "discriminator"),
    [
        ("vanilla", with_statistics, 1_493_520, 1_460_225),
        ("intro", trainable, 114_064, 100_609),
        ("shallow", trainable, 89_187, 219_969),
        ("acgan", trainable, 8_079_461, 525_835),
        ("acgan-unsupervised", trainable, 8_079_361, 400_385),
        ("acgan-keras", trainable, 2_656_745, 525_835),
        ("acgan-lite", with_statistics, 670_620, 670_219),
    ],
)
def test_parameter_counts(recipe: str, count: Callable[[nn.Module], int], generator: int, discriminator: int) -> None:
    config = find.recipe(recipe).config
    if config.model.classes is None:
        config = config.override({"model.classes": 10})
    config = config.override({"model.shape": (1, 28, 28)})
    made = networks(config, find.recipe(recipe))
    assert {name: count(network) for name, network in made.items()} == {
        "generator": generator,
        "discriminator": discriminator,
    }
