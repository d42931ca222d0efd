"""Learning rates that follow the losses: even at equilibrium, more for who is losing, never beyond twice."""

import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elegans.balance import DECAY, EVEN, Balance

D, G = "discriminator", "generator"


def after(d: float, g: float, strength: float = 1.0, times: int = 3) -> Balance:
    balance = Balance(strength)
    for _ in range(times):
        balance.observe({D: torch.tensor(d), G: torch.tensor(g)})
    return balance


@pytest.mark.parametrize("times", [0, 1, 500])
@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_at_the_equilibrium_of_the_game_both_rates_are_as_asked_for(strength: float, times: int) -> None:
    balance = after(2 * math.log(2), math.log(2), strength, times)
    assert balance.factor(D) == pytest.approx(1.0)
    assert balance.factor(G) == pytest.approx(1.0)


def test_the_equilibrium_is_that_of_scores_of_zero() -> None:
    from elegans.losses import non_saturating_critic, non_saturating_player

    zero = torch.zeros(4)
    assert non_saturating_critic(zero, zero).item() == pytest.approx(EVEN[D])
    assert non_saturating_player(zero, zero).item() == pytest.approx(EVEN[G])


def test_who_loses_learns_faster() -> None:
    winning = after(0.1, 4.0)  # the discriminator's loss goes to zero and the generator's explodes
    assert winning.factor(D) < 0.1
    assert winning.factor(G) > 1.9
    losing = after(3.0, 0.1)
    assert losing.factor(D) > 1.5
    assert losing.factor(G) < 0.5


def test_a_factor_is_the_share_of_both_losses_in_units_of_equilibrium() -> None:
    balance = after(3 * EVEN[D], 1 * EVEN[G], 0.5)
    assert balance.factor(D) == pytest.approx(1 + 0.5 * (2 * 3 / 4 - 1))
    assert balance.factor(G) == pytest.approx(1 + 0.5 * (2 * 1 / 4 - 1))


loss = st.floats(-50, 50, width=32)


@given(losses=st.lists(st.tuples(loss, loss), max_size=6), strength=st.floats(0, 1))
def test_factors_stay_in_their_range_and_sum_to_two(losses: list[tuple[float, float]], strength: float) -> None:
    balance = Balance(strength)
    for d, g in losses:
        balance.observe({D: torch.tensor(d), G: torch.tensor(g)})
    factors = [balance.factor(D), balance.factor(G)]
    assert sum(factors) == pytest.approx(2.0)
    assert all(1 - strength - 1e-6 <= factor <= 1 + strength + 1e-6 for factor in factors)


def test_losses_below_zero_count_as_zero() -> None:
    assert after(-5.0, 1.0).factor(D) == 0.0
    assert after(-5.0, -1.0).factor(D) == after(0.0, 0.0).factor(G) == 1.0


def test_what_it_follows_are_moving_averages() -> None:
    balance, mean = Balance(1.0), 0.0
    for value in (1.0, 5.0, 2.0):
        balance.observe({D: torch.tensor(value * EVEN[D]), G: torch.tensor(1.0)})
        mean = DECAY * mean + (1 - DECAY) * value
    assert balance.means[D].item() == pytest.approx(mean)


def test_losses_may_have_a_graph_and_keep_none() -> None:
    balance, weight = Balance(1.0), torch.tensor(2.0, requires_grad=True)
    balance.observe({D: weight * 3, G: weight})
    assert not any(mean.requires_grad for mean in balance.means.values())


def test_a_state_goes_on_as_it_was() -> None:
    balance = after(0.3, 2.0, 0.7)
    fresh = Balance(0.7)
    fresh.load(copy.deepcopy(balance.state()))
    for b in (balance, fresh):
        b.observe({D: torch.tensor(1.0), G: torch.tensor(0.2)})
    assert fresh.factor(D) == balance.factor(D) != after(0.3, 2.0, 0.7).factor(D)
