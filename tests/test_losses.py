"""Every loss against a closed form written on its own; a loss without one here fails `test_every_loss_has_a_form`."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from elegans import losses
from elegans.errors import RequestError

Form = Callable[[Tensor, Tensor], Tensor]
NAMES = losses.names()
SMOOTHED = ["non_saturating", "minimax", "least_squares"]


def bce(scores: Tensor, target: float) -> Tensor:
    return binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))


def mse(scores: Tensor, target: float) -> Tensor:
    return mse_loss(scores, torch.full_like(scores, target))


def above_zero(scores: Tensor) -> Tensor:
    return torch.where(scores > 0, scores, torch.zeros_like(scores)).mean()


FORMS: dict[str, tuple[Form, Form]] = {  # name -> what the discriminator minimises, what the generator does
    "non_saturating": (lambda r, f: bce(r, 1) + bce(f, 0), lambda r, f: bce(f, 1)),
    "minimax": (lambda r, f: bce(r, 1) + bce(f, 0), lambda r, f: -bce(f, 0)),
    "least_squares": (lambda r, f: (mse(r, 1) + mse(f, 0)) / 2, lambda r, f: mse(f, 1) / 2),
    "hinge": (lambda r, f: above_zero(1 - r) + above_zero(1 + f), lambda r, f: -f.mean()),
    "wasserstein": (lambda r, f: -(r.mean() - f.mean()), lambda r, f: -f.mean()),
    "relativistic": (lambda r, f: bce(r - f, 1), lambda r, f: bce(f - r, 1)),
}


def scores(n: int = 17, spread: float = 3.0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(5)
    real, fake = spread * torch.randn(2, n, generator=draw, dtype=torch.float64)
    return real.requires_grad_(), fake.requires_grad_()


def test_every_loss_has_a_form() -> None:
    assert sorted(FORMS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_are_those_of_the_closed_form(name: str) -> None:
    pair = losses.find(name)
    real, fake = scores()
    for ours, form in zip((pair.critic, pair.player), FORMS[name], strict=True):
        torch.testing.assert_close(ours(real, fake), form(real, fake), rtol=1e-12, atol=0)
        found = torch.autograd.grad(ours(real, fake), [real, fake], allow_unused=True, materialize_grads=True)
        expected = torch.autograd.grad(form(real, fake), [real, fake], allow_unused=True, materialize_grads=True)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_only_a_paired_loss_looks_at_the_real_scores_in_the_generators_turn(name: str) -> None:
    pair = losses.find(name)
    real, fake = scores()
    gradient = torch.autograd.grad(pair.player(real, fake), real, allow_unused=True)[0]
    assert pair.paired == (gradient is not None)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_along_the_gradient_separates_for_the_one_and_mixes_for_the_other(name: str) -> None:
    pair = losses.find(name)
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    up, down = torch.autograd.grad(pair.critic(real, fake), [real, fake])
    (player,) = torch.autograd.grad(pair.player(real, fake), fake)
    assert (up < 0).all()
    assert (down >= 0).all()  # least squares has its target 0 just here
    assert (player < 0).all()


@pytest.mark.parametrize("size", [1e4, 1e-30])
@pytest.mark.parametrize("name", NAMES)
def test_extreme_scores_give_finite_losses_and_gradients(name: str, size: float) -> None:
    pair = losses.find(name)
    for signs in ((1, -1), (-1, 1), (1, 1), (-1, -1)):
        real, fake = (torch.full((3,), size * sign, requires_grad=True) for sign in signs)
        for loss in (pair.critic(real, fake), pair.player(real, fake)):
            gradients = torch.autograd.grad(loss, [real, fake], allow_unused=True, materialize_grads=True)
            assert all(value.isfinite().all() for value in (loss, *gradients))


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_numbers_and_scores_of_rank_two_are_refused(name: str) -> None:
    pair = losses.find(name)
    for loss in (pair.critic, pair.player):
        assert loss(torch.zeros(5), torch.zeros(5)).shape == ()
        with pytest.raises(TypeError):  # an [n, 1] against an [n] would broadcast to n by n
            loss(torch.zeros(5, 1), torch.zeros(5))
        with pytest.raises(TypeError):
            loss(torch.zeros(5), torch.zeros(4))


@pytest.mark.parametrize("smoothing", [0.1, 0.25])
@pytest.mark.parametrize("name", SMOOTHED)
def test_smoothing_moves_the_real_target_and_no_other(name: str, smoothing: float) -> None:
    form = mse if name == "least_squares" else bce
    half = 0.5 if name == "least_squares" else 1.0
    pair, (real, fake) = losses.find(name, smoothing), scores()
    expected = half * (form(real, 1 - smoothing) + form(fake, 0))
    torch.testing.assert_close(pair.critic(real, fake), expected, rtol=1e-12, atol=0)
    found = torch.autograd.grad(pair.critic(real, fake), [real, fake])
    torch.testing.assert_close(found, torch.autograd.grad(expected, [real, fake]), rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(pair.player(real, fake), losses.find(name).player(real, fake), rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SMOOTHED)))
def test_smoothing_is_refused_where_there_is_no_target(name: str) -> None:
    with pytest.raises(RequestError, match=r"gan\.smoothing = 0\.1: .* no targets to smooth"):
        losses.find(name, 0.1)


def test_an_unknown_loss_is_answered_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="no loss 'hing'; did you mean 'hinge'"):
        losses.find("hing")
    with pytest.raises(RequestError, match="no loss 'find'"):
        losses.find("find")


def test_names_may_be_written_with_dashes() -> None:
    assert losses.find("non-saturating").critic is losses.non_saturating_critic


def ratio_of(pair: losses.Pair, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return losses.gradient_ratio(pair.critic(real, fake), pair.player(real, fake), fake)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", NAMES)
def test_the_ratio_is_that_of_the_two_gradients_at_each_fake_score(name: str, smoothing: float) -> None:
    pair = losses.find(name, smoothing if name in SMOOTHED else 0.0)
    real, fake = scores(spread=0.3)  # within the hinge's margins
    ratio, lifted = ratio_of(pair, real, fake)
    assert not lifted.any()
    for i in range(len(fake)):  # one sample alone: a mean over n has the factor 1/n in both
        (critic,) = torch.autograd.grad(pair.critic(real[i : i + 1], fake[i : i + 1]), fake)
        (player,) = torch.autograd.grad(pair.player(real[i : i + 1], fake[i : i + 1]), fake)
        assert ratio[i].item() == pytest.approx((player[i] / critic[i]).item(), rel=1e-10)
    assert not ratio.requires_grad


def test_the_ratio_of_the_non_saturating_loss_is_minus_exp_of_minus_the_score() -> None:
    real, fake = scores(spread=6.0)  # within 20, from where on torch's softplus is a straight line
    ratio, _ = ratio_of(losses.find("non_saturating"), real, fake)
    torch.testing.assert_close(ratio, -torch.exp(-fake.detach()), rtol=1e-10, atol=0)


def test_beyond_the_hinge_the_discriminators_gradient_is_lifted_to_next_to_nothing() -> None:
    real, fake = torch.zeros(3), torch.tensor([0.5, -0.5, -1.5], requires_grad=True)
    ratio, lifted = ratio_of(losses.find("hinge"), real, fake)
    torch.testing.assert_close(ratio, torch.tensor([-1.0, -1.0, -1e12]))
    torch.testing.assert_close(lifted, torch.tensor([0.0, 0.0, 1e-12 / 3]), rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_with_what_is_lifted_the_ratio_gives_the_generators_gradient(name: str) -> None:
    # sigmoid(-200) is 0 in single precision, 1 - sigmoid(200) too; a least squares score of 0 is where it should be
    real, fake = torch.zeros(6), torch.tensor([0.0, -200.0, 200.0, -1.5, 28.0, -28.0], requires_grad=True)
    pair = losses.find(name)
    ratio, lifted = ratio_of(pair, real, fake)
    (critic,) = torch.autograd.grad(pair.critic(real, fake), fake)
    (player,) = torch.autograd.grad(pair.player(real, fake), fake)
    torch.testing.assert_close(ratio * (critic + lifted), player, rtol=1e-5, atol=0)
    assert (lifted.abs() <= 1.1e-12 * player.abs()).all()
