"""Products by oneDNN are those of torch, and so are their gradients, those of their gradients, and how they lie."""

from collections.abc import Callable
from itertools import product as combinations
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elegans.models import _products
from elegans.models._products import Linear, product
from elegans.recorded import Recorded
from elegans.tape import Outcome

N, K, M = 64, 512, 256  # a large product
has_one_dnn = pytest.mark.skipif(_products._one_dnn is None, reason="this torch was built without oneDNN")


class Calls:
    """Of oneDNN: the sizes of what it multiplies."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int, int]] = []
        self.operator = _products._one_dnn

    def __call__(self, a: Tensor, b: Tensor, *more: Any) -> Tensor:
        self.sizes.append((*a.shape, len(b)))
        assert self.operator is not None
        made: Tensor = self.operator(a, b, *more)
        return made


@pytest.fixture(autouse=True)
def on_amds(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on AMD's processors; on others it is torch's own."""
    monkeypatch.setattr(_products, "is_amds", lambda: True)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Of oneDNN, counted."""
    counted = Calls()
    monkeypatch.setattr(_products, "_one_dnn", counted)
    return counted


def matrix(n: int, m: int, columns: bool = False) -> Tensor:
    """By rows or by columns."""
    made = torch.randn(m, n).t() if columns else torch.randn(n, m)
    return made.div_(20).requires_grad_()  # so that products are about 1


def with_gradients(function: Any, *given: Tensor) -> list[Tensor]:
    """What it gives, its gradients, and the gradients of their squares."""
    made = function(*given)
    first = torch.autograd.grad(
        (made * torch.linspace(-1, 1, made.numel()).view_as(made)).sin().sum(), given, create_graph=True
    )
    second = torch.autograd.grad(sum(x.square().sum() for x in first), given)
    return [made, *first, *second]


@has_one_dnn
@pytest.mark.parametrize(("of_a", "of_b", "with_bias"), [*combinations([False, True], repeat=3)])
def test_it_is_the_product_of_torch(of_a: bool, of_b: bool, with_bias: bool, calls: Calls) -> None:
    shape = (64, 128, 1024) if of_a else (N, K, M)  # one that lies by columns has to be wide
    n, k, m = shape
    given = [matrix(n, k, of_a), matrix(k, m, of_b), *([torch.randn(m, requires_grad=True)] if with_bias else [])]
    ours = with_gradients(product, *given)
    assert calls.sizes[0] == shape
    exact = with_gradients(_products.plain, *(x.detach().double().requires_grad_() for x in given))
    for some, right in zip(ours, exact, strict=True):
        assert (some - right).abs().max() < 1e-5 * right.abs().max()


@has_one_dnn
@pytest.mark.parametrize(("number", "times", "called"), [(1, 3, 0), (1, 4, 1), (2, 2, 0), (2, 3, 1)])
def test_one_that_lies_by_columns_has_to_be_wide(
    number: int, times: int, called: int, calls: Calls, cores: Callable[[int], None]
) -> None:
    cores(number)
    product(matrix(128, 256, columns=True), matrix(256, 128 * times))
    assert len(calls.sizes) == called


@has_one_dnn
@pytest.mark.parametrize("columns", [False, True])
def test_gradients_lie_as_what_they_are_of(columns: bool, calls: Calls) -> None:
    given = [matrix(N, K), matrix(K, M, columns)]
    of_a, of_b = torch.autograd.grad(product(*given).sum(), given)
    assert (of_a.stride(), of_b.stride()) == (given[0].stride(), given[1].stride())
    assert calls.sizes == [(N, K, M), (N, M, K)]  # the gradient of b is MKL's


@has_one_dnn
@pytest.mark.parametrize("variable", ["a", "b", "bias"])
def test_constants_have_no_gradient(variable: str, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    by_torch: list[Tensor] = []
    monkeypatch.setattr(_products, "plain", lambda a, b, bias: by_torch.append(a) or a @ b)
    given = {"a": torch.randn(N, K), "b": torch.randn(K, M), "bias": torch.randn(M)}
    torch.autograd.grad(product(**given | {variable: given[variable].requires_grad_()}).sum(), given[variable])
    assert (len(calls.sizes), len(by_torch)) == {"a": (2, 0), "b": (1, 1), "bias": (1, 0)}[variable]


@pytest.mark.parametrize("case", ["small", "narrow", "double", "without", "not AMD's"])
def test_else_it_is_torchs_own(case: str, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "small": [matrix(2, 3), matrix(3, 4), torch.randn(4)],
        "narrow": [matrix(M, K, True), matrix(K, N), torch.randn(N)],
        "double": [matrix(N, K).double(), matrix(K, M).double(), torch.randn(M).double()],
        "without": [matrix(N, K), matrix(K, M), torch.randn(M)],
    }
    given["not AMD's"] = given["without"]
    if case == "without":
        monkeypatch.setattr(_products, "_one_dnn", None)
    if case == "not AMD's":
        monkeypatch.setattr(_products, "is_amds", lambda: False)
    a, b, bias = given[case]
    assert torch.equal(product(a, b), a @ b)
    assert torch.equal(product(a, b, bias), torch.addmm(bias, a, b))
    assert not calls.sizes


@pytest.mark.parametrize("shape", [(3, K), (2, 3, K), (N, K)])
def test_a_layer_is_torchs_linear_one(shape: tuple[int, ...]) -> None:
    ours, theirs = Linear(K, M), nn.Linear(K, M)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(shape)
    torch.testing.assert_close(ours(x), theirs(x))


@has_one_dnn
def test_a_step_with_it_is_replayed_without_gradients_nobody_asks_for() -> None:
    layer = Linear(K, M)

    def step(x: Tensor) -> Outcome:
        x = x + 1
        loss = layer(x.requires_grad_()).square().sum()
        return {"loss": loss.detach()}, [torch.autograd.grad(loss, [*layer.parameters()])]

    recorded = Recorded(step, layer)
    for _ in range(4):
        x = torch.randn(N, K)
        (said, (gradients,)), (plain, (theirs,)) = recorded(x), step(x)
        assert torch.equal(said["loss"], plain["loss"])
        assert all(map(torch.equal, gradients, theirs))
    assert recorded.tape is not None
    assert recorded.program is not None, recorded.tape.why_not
    assert recorded.tape.text().count("mkldnn") == 1
