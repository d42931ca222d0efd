"""Permanent dropout: off is never, one mask in evaluation, and what is dropped has the right share and scale."""

import pytest
import torch
from torch import nn

from elegans.models._dropout import Dropout, PermanentDropout


def test_in_evaluation_the_mask_stays() -> None:
    layer = PermanentDropout(100, 0.3).eval()
    x = torch.ones(4, 100)
    first = layer(x)
    assert torch.equal(first, layer(x))
    assert torch.equal(first, first[:1].expand(4, -1))  # one for all samples
    assert set(first.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}


@pytest.mark.parametrize("fresh", [False, True])
def test_in_training_and_if_asked_each_sample_has_its_own(fresh: bool) -> None:
    layer = PermanentDropout(100, 0.3, fresh).train(not fresh)
    made = layer(torch.ones(4, 100))
    assert not torch.equal(made[0], made[1])
    assert not torch.equal(made, layer(torch.ones(4, 100)))
    torch.manual_seed(3)
    again = layer(torch.ones(4, 100))
    torch.manual_seed(3)
    assert torch.equal(again, layer(torch.ones(4, 100)))


def test_it_can_be_set_fresh_later() -> None:
    layer = PermanentDropout(100, 0.3).eval()
    fixed = layer(torch.ones(2, 100))
    layer.fresh = True
    assert not torch.equal(layer(torch.ones(2, 100)), fixed)


@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_the_share_and_the_mean(mode: str) -> None:
    torch.manual_seed(0)
    layer = PermanentDropout(20_000, 0.3).train(mode == "training")
    made = layer(torch.ones(1, 20_000))
    assert (made == 0).float().mean().item() == pytest.approx(0.3, abs=5 * (0.21 / 20_000) ** 0.5)
    assert made.mean().item() == pytest.approx(1.0, abs=0.03)


def test_the_mask_is_saved_with_the_weights() -> None:
    a, b = (nn.Sequential(nn.Linear(3, 50), PermanentDropout(50, 0.5)).eval() for _ in range(2))
    x = torch.randn(2, 3)
    assert not torch.equal(a(x), b(x))
    b.load_state_dict(a.state_dict())
    assert torch.equal(a(x), b(x))
    assert [name for name, _ in a.named_parameters()] == ["0.weight", "0.bias"]


def test_without_a_share_nothing_is_dropped() -> None:
    x = torch.randn(3, 5)
    assert torch.equal(PermanentDropout(5, 0.0)(x), x)
    assert torch.equal(PermanentDropout(5, 0.0).eval()(x), x)


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_a_share_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        PermanentDropout(5, p)


@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.9, 1.0])
def test_each_unit_is_dropped_with_its_chance(p: float) -> None:
    torch.manual_seed(0)
    made = Dropout(p)(torch.ones(1000, 1001))  # of an odd number
    share, units = min(p, 1 - 2**-16), made.numel()
    assert (made == 0).float().mean().item() == pytest.approx(
        share, abs=2**-17 + 4 * (share * (1 - share) / units) ** 0.5
    )
    assert made.double().mean().item() == pytest.approx(1.0, abs=4 * (share / (1 - share) / units) ** 0.5)
    kept = (made != 0).float()
    for axis in (0, 1):  # no row and no column has more or less than by chance, and neighbours are independent
        spread = kept.mean(axis).var() / (share * (1 - share) / made.shape[axis])
        assert 0.75 < spread < 1.25 or p > 0.9
    if p <= 0.9:
        for shift in (1, 2, 3, 4, 5):
            flat = kept.flatten() - (1 - share)
            chance = (flat[shift:] * flat[:-shift]).mean() / (share * (1 - share))
            assert abs(chance.item()) < 5e-3


def test_gradients_pass_where_units_do() -> None:
    x = torch.randn(8, 6, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
    made = Dropout(0.4)(x)
    assert made.is_contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad(made.sum(), x)
    torch.testing.assert_close(gradient * x, made)
    assert set(gradient.unique().tolist()) == {0.0, gradient.max().item()}


def test_in_evaluation_and_without_a_share_it_is_nothing() -> None:
    x = torch.randn(3, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x
