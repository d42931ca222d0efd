"""Randomness is a function of (seed, step, purpose) and of nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elegans import seeds
from elegans.config import Latent

SEEDS = st.integers(0, 2**63 - 1)
STEPS = st.integers(0, 10**9)
PURPOSES = st.sampled_from(["order", "labels 0", "discriminator 0", "discriminator 1", "generator 0", "sheet"])


@given(seed=SEEDS, step=STEPS, purpose=PURPOSES)
def test_the_same_request_gives_the_same_numbers(seed: int, step: int, purpose: str) -> None:
    """Whatever the state of torch's own generator is; and it is left as it was."""
    torch.manual_seed(step)
    state = torch.get_rng_state()
    first = torch.rand(4, generator=seeds.generator(seed, step, purpose))
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert torch.equal(torch.rand(4, generator=seeds.generator(seed, step, purpose)), first)


@given(a=st.tuples(SEEDS, STEPS, PURPOSES), b=st.tuples(SEEDS, STEPS, PURPOSES))
def test_different_requests_have_different_seeds(a: tuple[int, int, str], b: tuple[int, int, str]) -> None:
    assert 0 <= seeds.derive(*a) < 2**63
    assert (seeds.derive(*a) == seeds.derive(*b)) == (a == b)


def test_neighbours_are_different() -> None:
    """Steps one after the other, seeds one after the other, and digits that move from one to the other."""
    near = [(seed, step, purpose) for seed in range(30) for step in range(30) for purpose in ("a", "b", "1")]
    assert len({seeds.derive(*request) for request in near}) == len(near)
    assert seeds.derive(1, 11, "x") != seeds.derive(11, 1, "x")


def test_neighbours_are_unrelated() -> None:
    """The correlation of 20,000 draws of one step with those of the next is that of chance."""
    draws = [torch.randn(20_000, generator=seeds.generator(0, step, "x")) for step in range(4)]
    between = torch.corrcoef(torch.stack(draws)) - torch.eye(4)
    assert float(between.abs().max()) < 5 / 20_000**0.5


def test_another_process_and_another_day_draw_the_same() -> None:
    """These numbers are in the weights of every run ever made: they never change."""
    assert seeds.derive(0, 0, "order") == 1831614450559561184


def test_fix_sets_what_networks_draw() -> None:
    seeds.fix(3, 5)
    first = torch.rand(4)
    seeds.fix(3, 6)
    assert not torch.equal(torch.rand(4), first)
    seeds.fix(3, 5, "weights")
    assert not torch.equal(torch.rand(4), first)
    seeds.fix(3, 5)
    assert torch.equal(torch.rand(4), first)


@pytest.mark.parametrize(
    ("distribution", "low", "high", "mean", "std"),
    [("normal", -7, 7, 0, 1), ("uniform", -1, 1, 0, 3**-0.5), ("unit", 0, 1, 0.5, 12**-0.5)],
)
def test_latents_have_their_distribution(distribution: str, low: float, high: float, mean: float, std: float) -> None:
    latent = Latent(size=50, distribution=distribution)  # type: ignore[arg-type]
    z = seeds.latents(2000, latent, 0, 0, "x")
    assert z.shape == (2000, 50)
    assert z.dtype == torch.float32
    assert low <= float(z.min()) < low + 4
    assert high - 4 < float(z.max()) <= high
    assert abs(float(z.mean()) - mean) < 5 * std / 100_000**0.5
    assert abs(float(z.std()) - std) < 0.01
    if distribution != "normal":  # the whole range is used
        assert float(z.max() - z.min()) > 0.999 * (high - low)


@given(n=st.integers(1, 20), step=STEPS, distribution=st.sampled_from(["normal", "uniform", "unit"]))
def test_latents_are_a_function_of_step_and_purpose(n: int, step: int, distribution: str) -> None:
    latent = Latent(size=3, distribution=distribution)  # type: ignore[arg-type]
    z = seeds.latents(n, latent, 0, step, "generator 0")
    assert torch.equal(z, seeds.latents(n, latent, 0, step, "generator 0"))
    for seed, other, purpose in ((1, step, "generator 0"), (0, step + 1, "generator 0"), (0, step, "generator 1")):
        assert not torch.equal(z, seeds.latents(n, latent, seed, other, purpose))
