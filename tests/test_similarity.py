"""Measures of similarity: closed forms, ranges, gradients where they could fail; and the layer that uses them."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import Tensor

from elegans.errors import RequestError
from elegans.methods._objectives import couples
from elegans.models.mlp import build
from elegans.similarity import MEASURES, BatchSimilarity, arithmetic, exp_l1, exp_l2, geometric, sigmoid

OF_X_AND_X = {"l1": 0, "l2": 0, "exp_l1": 1, "exp_l2": 1, "rbf": 1, "cosine": 1, "euclidean": 1}
RANGES = {"l1": (-np.inf, 0), "l2": (-np.inf, 0), "cosine": (-1, 1)}  # the others: 0 to 1


def by_hand(measure: str, x: np.ndarray, y: np.ndarray, gamma: float, c: float) -> float:  # type: ignore[type-arg]
    """One pair, in plain numpy."""
    distance = np.sqrt(((x - y) ** 2).sum())
    logistic = 1 / (1 + np.exp(-gamma * (x @ y + c)))
    forms = {
        "l1": -np.abs(x - y).sum(),
        "l2": -(distance**2),
        "exp_l1": np.exp(-gamma * np.abs(x - y).sum()),
        "exp_l2": np.exp(-gamma * distance**2),
        "cosine": x @ y / np.linalg.norm(x) / np.linalg.norm(y),
        "sigmoid": logistic,
        "euclidean": 1 / (1 + distance),
        "geometric": logistic / (1 + distance),
        "arithmetic": 0.5 * logistic + 0.5 / (1 + distance),
    }
    same = {"rbf": "exp_l2", "gesd": "geometric", "aesd": "arithmetic"}
    return float(forms[same.get(measure, measure)])


def vectors(n: int = 7, d: int = 4) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    x, y = (torch.randn(n, d, generator=draw, dtype=torch.float64) for _ in range(2))
    return x, y


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_its_formula(measure: str) -> None:
    x, y = vectors()
    expected = [by_hand(measure, a, b, 1 / 4, 1.0) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    torch.testing.assert_close(MEASURES[measure](x, y).tolist(), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("measure", [exp_l1, exp_l2, sigmoid, geometric, arithmetic])
def test_the_width_can_be_given(measure) -> None:  # type: ignore[no-untyped-def]
    x, y = vectors()
    more = {} if measure in (exp_l1, exp_l2) else {"c": -0.5}
    expected = [by_hand(measure.__name__, a, b, 0.7, -0.5) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    torch.testing.assert_close(measure(x, y, 0.7, **more).tolist(), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_symmetric_and_stays_in_its_range(measure: str) -> None:
    x, y = vectors(500)
    low, high = RANGES.get(measure, (0, 1))
    for scale in (1e-3, 1.0, 3.0):
        values = MEASURES[measure](scale * x, scale * y)
        torch.testing.assert_close(values, MEASURES[measure](scale * y, scale * x))
        assert values.shape == (500,)
        assert (values >= low).all()
        assert (values <= high).all()


@pytest.mark.parametrize("measure", OF_X_AND_X)
def test_nothing_is_more_like_a_vector_than_itself(measure: str) -> None:
    x, y = vectors()
    same = MEASURES[measure](x, x)
    torch.testing.assert_close(same, torch.full_like(same, OF_X_AND_X[measure]))
    assert (MEASURES[measure](x, y) < same).all()


@pytest.mark.parametrize("at", ["equal", "zero", "both zero", "far"])
@pytest.mark.parametrize("measure", MEASURES)
def test_gradients_are_finite_everywhere_and_so_are_theirs(measure: str, at: str) -> None:
    x, y = vectors()
    x, y = {"equal": (x, x), "zero": (0 * x, y), "both zero": (0 * x, 0 * x), "far": (1e4 * x, y)}[at]
    x, y = x.clone().requires_grad_(), y.clone().requires_grad_()
    gradients = torch.autograd.grad(MEASURES[measure](x, y).sum(), [x, y], create_graph=True)
    assert all(gradient.isfinite().all() for gradient in gradients)
    second = torch.autograd.grad(sum(g.square().sum() for g in gradients), [x, y], allow_unused=True)
    assert all(gradient is None or gradient.isfinite().all() for gradient in second)


@pytest.mark.parametrize("measure", [m for m in MEASURES if m != "l1"])
def test_gradients_are_those_of_small_differences(measure: str) -> None:
    x, y = vectors(3)
    assert torch.autograd.gradcheck(MEASURES[measure], (x.requires_grad_(), y.requires_grad_()))


# --- the layer --------------------------------------------------------------------------------------------------------


def test_features_stay_and_a_column_for_each_measure_is_added() -> None:
    x, _ = vectors(6)
    out = BatchSimilarity(["rbf", "cosine", "l1"], 2)(x)
    assert out.shape == (6, 7)
    assert torch.equal(out[:, :4], x)


@pytest.mark.parametrize("partners", [1, 3, 5, 9])
def test_the_column_is_the_mean_over_the_partners(partners: int) -> None:
    x, _ = vectors(6)
    found = BatchSimilarity(["l2"], partners).eval()(x)[:, 4]
    met = min(partners, 5)
    for i in range(6):
        expected = np.mean([-((x[i] - x[(i + k) % 6]) ** 2).sum().item() for k in range(1, met + 1)])
        assert found[i].item() == pytest.approx(expected, rel=1e-12)


def test_partners_are_drawn_never_oneself_and_all_others_as_often() -> None:
    torch.manual_seed(0)
    x = (10.0 ** torch.arange(4, dtype=torch.float64)).unsqueeze(1)  # every pair has a distance of its own
    layer = BatchSimilarity(["l1"])
    of_distance = {round(abs(float(x[i] - x[j]))): {i, j} for i in range(4) for j in range(i)}
    met: Counter[tuple[int, int]] = Counter()
    for _ in range(1200):
        for i, value in enumerate(layer(x)[:, 1].tolist()):
            assert value != 0
            (partner,) = of_distance[round(-value)] - {i}
            met[i, partner] += 1
    assert len(met) == 12
    assert all(abs(count - 400) < 5 * (1200 * 2 / 9) ** 0.5 for count in met.values())  # five standard deviations


def test_it_draws_in_training_only_and_as_the_seed_says() -> None:
    x, _ = vectors(20)
    layer = BatchSimilarity(["rbf"])
    torch.manual_seed(1)
    first, second = layer(x), layer(x)
    assert not torch.equal(first, second)
    torch.manual_seed(1)
    assert torch.equal(first, layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def test_a_sample_alone_is_its_own_partner() -> None:
    x, _ = vectors(1)
    assert BatchSimilarity(["rbf"], 3)(x)[0, 4] == 1


def test_a_collapsed_batch_looks_alike() -> None:
    x, _ = vectors(32)
    layer = BatchSimilarity(["rbf"], 3)
    assert layer(x[:1].expand(32, -1))[:, 4].min() > layer(x)[:, 4].max()


def test_it_says_that_it_couples_samples() -> None:
    sizes = {"shape": (1, 4, 4), "classes": 0, "latent": 3, "generator": [8], "discriminator": [8]}
    plain, compared = build(**sizes), build(**sizes, similarity=["rbf", "cosine"], partners=2)
    assert not couples(plain["discriminator"])
    assert couples(compared["discriminator"])
    x = torch.randn(5, 1, 4, 4)
    judge = compared["discriminator"].eval()
    assert not torch.equal(judge(x).score[:2], judge(x[:2]).score)


def test_an_unknown_measure_is_answered_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="no similarity 'cosin'; did you mean 'cosine'"):
        BatchSimilarity(["cosin"])
