"""The moving average: its half-life in images, its ramp, and what it does with counters."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from elegans import ema
from elegans.config import Ema

LONG = 10**9  # images: the ramp is over


def constant(value: float) -> nn.Linear:
    layer = nn.Linear(3, 2)
    nn.init.constant_(layer.weight, value)
    nn.init.constant_(layer.bias, value)
    return layer


@pytest.mark.parametrize("batch", [1, 10, 250])
def test_after_half_life_images_the_old_weights_count_half(batch: int) -> None:
    average, network = constant(1.0), constant(0.0)
    for _ in range(500 // batch):
        ema.update(average, network, ema.decay(Ema(half_life=500), batch, LONG))
    torch.testing.assert_close(average.weight, torch.full((2, 3), 0.5), rtol=1e-4, atol=0)  # 500 roundings to 24 bits
    assert ema.decay(Ema(half_life=500), 500, LONG) == 0.5


def test_early_on_the_half_life_is_a_share_of_the_images_seen() -> None:
    options = Ema(half_life=1000, ramp=0.1)
    assert ema.decay(options, 20, 200) == 0.5  # a tenth of 200 images is one batch of 20
    assert ema.decay(options, 20, 400) == pytest.approx(0.5**0.5)
    assert ema.decay(options, 20, 10_000) == ema.decay(options, 20, LONG) == pytest.approx(0.5**0.02)


def test_without_a_half_life_the_average_is_the_network() -> None:
    average, network = nn.Linear(4, 4), nn.Linear(4, 4)
    assert ema.decay(Ema(half_life=0), 64, 64) == 0.0
    ema.update(average, network, 0.0)
    assert torch.equal(average.weight, network.weight)
    assert torch.equal(average.bias, network.bias)


def test_counters_are_copied_and_statistics_averaged() -> None:
    network = nn.BatchNorm1d(3)
    average = deepcopy(network)
    for _ in range(7):
        network(2 + torch.randn(8, 3))
    expected = 0.75 * average.running_mean + 0.25 * network.running_mean
    ema.update(average, network, 0.75)
    assert average.num_batches_tracked == 7
    torch.testing.assert_close(average.running_mean, expected)


def test_it_is_the_sum_a_hand_loop_makes() -> None:
    torch.manual_seed(0)
    options, batch = Ema(half_life=300, ramp=0.2), 16
    network, seen = nn.Linear(5, 3).double(), 0
    average, by_hand = deepcopy(network), network.weight.detach().numpy().copy()
    for _ in range(40):
        seen += batch
        nn.init.normal_(network.weight)
        old = 2.0 ** -(batch / min(300, 0.2 * seen))
        by_hand = old * by_hand + (1 - old) * network.weight.detach().numpy()
        ema.update(average, network, ema.decay(options, batch, seen))
    torch.testing.assert_close(average.weight.detach(), torch.from_numpy(by_hand), rtol=1e-12, atol=1e-14)


def test_the_network_itself_is_left_alone() -> None:
    average, network = constant(1.0), constant(0.0)
    ema.update(average, network, 0.5)
    assert not network.weight.any()
    assert not average.weight.grad_fn
